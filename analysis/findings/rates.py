"""Which learning rate a training of a given length can use."""

from __future__ import annotations

import math

from ilsweep.analysis.findings.finding import Suggestion
from ilsweep.analysis.findings.helpers import change, param
from ilsweep.analysis.records.model import TrialRecord

REACH = 3.0
"""Rate times steps of a usual training; own: LeRobot's ACT has 1 (1e-5 over 100,000 steps)."""
LOWEST, HIGHEST = 1e-5, 1e-3
FAR = 10.0
"""Factor from which on a rate is not a usual one."""
ADAM = "Kingma and Ba 2015, section 2.1"


def usual_rate(trial: TrialRecord) -> float:
    """`REACH` over the steps, within `LOWEST` and `HIGHEST`; NaN where the length is not known.

    Adam moves a weight by at most about its rate a step (Kingma and Ba 2015, section 2.1), so that
    rate times steps bounds how far a weight gets in a training.
    """
    steps = param(trial, "steps")
    return min(HIGHEST, max(LOWEST, float(f"{REACH / steps:.1g}"))) if steps > 0 else math.nan


def usual_again(trial: TrialRecord) -> list[Suggestion]:
    """A usual rate in place of one that is far from it; nothing where it is near or not known."""
    rate, usual = param(trial, "lr"), usual_rate(trial)
    if not (rate >= 0 and usual > 0) or usual / FAR < rate < usual * FAR:
        return []
    return [
        change(
            "lr",
            "set",
            usual,
            f"Adam moves a weight by at most about its rate a step: {rate:g} over so many steps "
            f"{'hardly moves it' if rate < usual else 'throws it about'}.",
            f"Adam 每步最多把权重移动约一个学习率：以 {rate:g} 走这么多步"
            f"{'几乎不动' if rate < usual else '会来回乱跳'}。",
            ADAM,
        )
    ]
