"""What a spec claims, and what its runs say to it: supported, refuted or undecided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analysis.findings.finding import Text
from analysis.statistics import Interval

Expectation = Literal["increase", "decrease", "no_effect"]
Judgement = Literal["supported", "refuted", "undecided"]


@dataclass(frozen=True)
class Verdict:
    """One hypothesis, judged."""

    claim: str
    param: str
    metric: str
    expect: Expectation
    judgement: Judgement
    effect: float
    """Kendall's tau-b of metric on parameter for ordered values, eta squared for others; NaN where
    nothing can be computed."""
    effect_name: Literal["tau_b", "eta_squared", "none"]
    interval: Interval | None
    difference: float
    """Metric at the largest value of the parameter minus that at the smallest, in its unit."""
    p: float
    trials: int
    seeds: int
    """Different training seeds among those trials."""
    levels: tuple[tuple[str, float, int], ...]
    """(value of the parameter, mean of the metric, number of trials)."""
    explanation: Text
    needed: Text
    """What it would take to decide; empty where it is decided."""
