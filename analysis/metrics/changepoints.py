"""What a curve does: jumps and trends, robust to noise and to a few wild points.

`values` is (n,), in the order of the steps, without NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ilsweep.analysis.records.model import TrialRecord

Array = NDArray[np.float64]

BLOCKS = 20
"""A trend is fitted to the means of so many blocks: linear in the length of the curve."""
MAD_TO_SD = 1.4826
"""Median absolute deviation to standard deviation, for normal values."""


@dataclass(frozen=True)
class Jump:
    """A step up between two neighbouring points."""

    index: int
    """The point after the jump."""
    size: float
    score: float
    """Size over the usual change, in robust standard deviations."""


def median(values: Array) -> float:
    """The median of (n,), n > 0: numpy's, without its checks, which take 20 times as long."""
    ordered = np.sort(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return float(ordered[half])
    return float(ordered[half - 1] + ordered[half]) / 2


def scores(values: Array) -> Array:
    """How unusual each change is, (n - 1,): its distance from the median change over their MAD.

    Differences take out a trend of any slope; median and MAD ignore a few large ones. A deviation
    of less than a millionth of the values' own counts as that, so that a constant curve is quiet.
    """
    changes = np.diff(values)
    if not len(changes):
        return changes
    middle = median(changes)
    deviation = MAD_TO_SD * median(np.abs(changes - middle))
    floor = 1e-6 * median(np.abs(values)) + 1e-12
    return np.asarray((changes - middle) / max(deviation, floor))


def jumps(values: Array, least: float) -> list[Jump]:
    """Changes upwards with a score of `least` or more, in order; none with fewer than 8 points."""
    if len(values) < 8:
        return []
    score = scores(values)
    return [
        Jump(int(i) + 1, float(values[i + 1] - values[i]), float(score[i]))
        for i in np.flatnonzero(score >= least)
    ]


def blocks(values: Array, most: int = BLOCKS) -> Array:
    """Means of at most `most` blocks of (nearly) equal length, in order."""
    if len(values) <= most:
        return values
    starts, sizes = _edges(len(values), most)
    return np.asarray(np.add.reduceat(values, starts) / sizes)


@lru_cache(maxsize=256)
def _edges(n: int, most: int) -> tuple[NDArray[np.int64], Array]:
    edges = np.linspace(0, n, most + 1).astype(np.int64)
    return edges[:-1], np.diff(edges).astype(np.float64)


@dataclass(frozen=True)
class Trend:
    """The straight line through a stretch of a curve."""

    change: float
    """From its first to its last point: Theil-Sen slope times length."""
    p: float
    """Two-sided, that there is none (Mann 1945, Kendall 1975; normal approximation)."""


@lru_cache(maxsize=256)
def _pairs(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    i, j = np.triu_indices(n, 1)
    return i, j, (j - i).astype(np.float64)


def trend(values: Array) -> Trend:
    """Theil-Sen slope (Sen 1968) and the Mann-Kendall test, on block means."""
    y = blocks(values)
    n = len(y)
    if n < 3:
        return Trend(float(y[-1] - y[0]) if n else 0.0, 1.0)
    i, j, gaps = _pairs(n)
    rises = y[j] - y[i]
    total = float(np.sign(rises).sum())
    deviation = np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    z = max(abs(total) - 1, 0.0) / deviation
    length = n * (1 - 1 / len(values))  # from the first to the last point, in blocks
    return Trend(median(rises / gaps) * length, 2 * float(special.ndtr(-z)))


def median_of_three(values: Array) -> Array:
    """Moving median of width three, the ends as they are; takes out single wild points; (n,)."""
    if len(values) < 3:
        return values
    smooth = values.copy()
    smooth[1:-1] = np.sort(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)[1]
    return smooth


def values_of(trial: TrialRecord, metric: str) -> Array:
    """A curve's finite values, in order."""
    values = trial.curve(metric).values
    return values[np.isfinite(values)]


def late(trial: TrialRecord, metric: str) -> float:
    """Median of the last third of the reports: one minibatch's plan says little. NaN of none."""
    values = values_of(trial, metric)
    return median(values[-max(1, len(values) // 3) :]) if len(values) else math.nan


def start(trial: TrialRecord, metric: str) -> float:
    """Median of the first three reports."""
    values = values_of(trial, metric)
    return median(values[:3]) if len(values) else math.nan
