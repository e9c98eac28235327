"""Since when a training is not finite: its loss, its gradient, its error or a held-out one.

A loss of exactly 0 beside a gradient that is NaN is one that was NaN: the Hugging Face Trainer
prints it so (`logging_nan_inf_filter`). A gradient norm that is NaN now and then is what a loss
scaler skips; only one that stays so to the end counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ilsweep.analysis.metrics.objectives import ERRORS, HELD_OUT, LOSSES
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.model import TrialRecord

GRADIENT = "train/grad_norm"

_AN_ERROR = re.compile(r"[/_](loss|mse|rmse|mae|nll|l1|l2)$")
"""Names that a trainer of somebody's own gives to its losses and errors: `eval/loss`."""

FEWEST = 3
"""So many gradient norms at the end have to be not finite; a single one is skipped by a scaler."""


@dataclass(frozen=True)
class NotFinite:
    """A metric that is not finite from a step on to the end."""

    metric: str
    since: int
    """The first bad step."""
    finite: int
    """Reports before it that were finite."""
    zero_loss: bool = False
    """The loss is printed as 0 from then on."""


def not_finite(trial: TrialRecord) -> NotFinite | None:
    """The first of the trial's metrics that is not finite to the end; None where all are."""
    found = [
        broken
        for name in _names(trial)
        if (broken := _since(name, trial.curve(name), FEWEST if name == GRADIENT else 1))
    ]
    first = min(found, key=lambda broken: broken.since, default=None)
    if first is None or first.metric != GRADIENT:
        return first
    zero = any(_zero_from(trial.curve(name), first.since) for name in LOSSES)
    return NotFinite(first.metric, first.since, first.finite, zero)


def ends_finite(trial: TrialRecord, metric: str) -> float:
    """A metric's value at the end; NaN where the last one is not finite."""
    curve = trial.curve(metric)
    return trial.last(metric) if len(curve) and math.isfinite(curve.last) else math.nan


def _names(trial: TrialRecord) -> Iterable[str]:
    known = dict.fromkeys((*LOSSES, GRADIENT, *ERRORS, *HELD_OUT))
    own = (name for name in trial.curves if name not in known and _AN_ERROR.search(name))
    return (*(name for name in known if name in trial.curves), *own)


def _since(name: str, curve: Curve, fewest: int) -> NotFinite | None:
    finite = np.flatnonzero(np.isfinite(curve.values))
    begin = int(finite[-1]) + 1 if len(finite) else 0
    bad = len(curve) - begin
    if bad < min(fewest, len(curve)) or not bad:
        return None
    return NotFinite(name, int(curve.steps[begin]), len(finite))


def _zero_from(curve: Curve, step: int) -> bool:
    late = curve.values[curve.steps >= step]
    return bool(len(late)) and not late.any()
