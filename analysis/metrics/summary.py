"""A curve in five numbers, as the stage report tells it: first, last, best, change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ilsweep.analysis.metrics.metric import Mode
from ilsweep.analysis.records.curves import Curve


@dataclass(frozen=True)
class Summary:
    """First, last and best value of a curve; NaN, and no step, where there is none."""

    first: float
    last: float
    best: float
    best_step: int | None

    @property
    def delta(self) -> float:
        """Last minus first."""
        return self.last - self.first

    @property
    def percent(self) -> float:
        """The change as a percentage of the first value's size; NaN for a first value of zero."""
        return 100 * self.delta / abs(self.first) if self.first else math.nan

    def to_json(self) -> dict[str, Any]:
        return {
            "first": self.first,
            "last": self.last,
            "best": self.best,
            "best_step": self.best_step,
            "delta": self.delta,
            "percent": self.percent,
        }


NEVER_LOGGED = Summary(math.nan, math.nan, math.nan, None)


def up_to(curve: Curve, step: int) -> Curve:
    """The curve as it was when the run had reached `step`."""
    if not len(curve) or curve.steps[-1] <= step:
        return curve
    n = int(np.searchsorted(curve.steps, step, side="right"))
    return Curve(curve.steps[:n], curve.values[:n])


def summarize(curve: Curve, mode: Mode | None = "min") -> Summary:
    """First, last and best of a curve; without a mode nothing is the best.

    First and last are those of the first and the last report that have the metric, NaN included:
    a run that ended in NaN says so. The best is the first of the best finite values.
    """
    values = curve.values
    if not len(values):
        return NEVER_LOGGED
    first, last = values.item(0), values.item(-1)
    if mode is None:
        return Summary(first, last, math.nan, None)
    at = values.argmin() if mode == "min" else values.argmax()
    best = values.item(at)
    if not math.isfinite(best):  # a NaN comes before every number
        finite = np.flatnonzero(np.isfinite(values))
        if not len(finite):
            return Summary(first, last, math.nan, None)
        values = values[finite]
        at = finite[values.argmin() if mode == "min" else values.argmax()]
        best = curve.values.item(at)
    return Summary(first, last, best, curve.steps.item(at))
