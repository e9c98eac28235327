"""Success with a part of the observation taken away, over the policies of a configuration."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ilsweep.analysis.records.model import TrialRecord

LESION = "eval/lesion/"
EPISODES = f"{LESION}n_episodes"


def lesioned(trials: Sequence[TrialRecord]) -> dict[str, tuple[int, int]]:
    """(successes, episodes) by lesion, pooled over the trials that were lesioned.

    `none` is the policy as it is, on the same episodes.
    """
    found: dict[str, tuple[int, int]] = {}
    for trial in trials:
        n = trial.last(EPISODES)
        if not math.isfinite(n):
            continue
        for metric in trial.curves:
            name = metric.removeprefix(LESION).removesuffix("/pc_success")
            percent = trial.last(metric)
            if metric == f"{LESION}{name}/pc_success" and math.isfinite(percent):
                k, total = found.get(name, (0, 0))
                found[name] = (k + round(percent / 100 * n), total + round(n))
    return found
