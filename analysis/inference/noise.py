"""How much a metric differs between trainings of a user's that differ in their seed alone."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ilsweep.analysis.inference.design import metric_of
from ilsweep.analysis.inference.noise_atlas import Noise
from ilsweep.analysis.inference.testable import why_not
from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.ranking.comparisons import binomial_variance, success_counts
from ilsweep.analysis.records.copies import distinct
from ilsweep.analysis.records.model import TrialRecord


def between_retrainings(trials: Iterable[TrialRecord], metric: str, source: str) -> Noise | None:
    """From configurations that completed with two seeds or more.

    None where there are none, where all seeds are equal, and of success at a floor or a ceiling
    (under 5 % or over 95 % of all episodes), where nothing can differ.
    """
    groups: dict[str, list[TrialRecord]] = {}
    for trial in distinct(trials):
        if trial.state == "completed" and math.isfinite(metric_of(trial, metric)):
            groups.setdefault(trial.configuration, []).append(trial)
    groups = {name: group for name, group in groups.items() if len(group) > 1}
    freedom = sum(len(group) - 1 for group in groups.values())
    if not freedom:
        return None
    values = [np.array([metric_of(t, metric) for t in group]) for group in groups.values()]
    variance = sum(float(((v - v.mean()) ** 2).sum()) for v in values) / freedom
    if not variance or why_not(metric, [t for g in groups.values() for t in g], {}, None):
        return None
    if metric == SUCCESS:
        of_episodes = [binomial_variance(success_counts(group)) for group in groups.values()]
        shares = [len(group) - 1 for group in groups.values()]
        variance -= float(np.average(of_episodes, weights=shares))
    return Noise(math.sqrt(max(0.0, variance)), freedom, source)
