"""Intervals and tests, pure functions of arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ilsweep.analysis.stats.levels import LEVEL

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A confidence interval; `level` is its nominal coverage."""

    low: float
    high: float
    level: float = LEVEL

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def within(self, low: float, high: float) -> Interval:
        """Its part from `low` to `high`, all that is possible: it covers the truth as often."""
        return Interval(max(self.low, low), min(self.high, high), self.level)


def finite(values: ArrayLike) -> Array:
    """The finite ones of `values`, flat."""
    array = np.asarray(values, np.float64).ravel()
    return array[np.isfinite(array)]


def centre(values: ArrayLike) -> float:
    """The mean of the finite `values`; NaN of none.

    The same to the last digit, whatever their order.

    No trimming: of seeds of which some fail, the mean is what a user gets.
    """
    array = np.sort(finite(values))
    return float(array.mean()) if len(array) else math.nan


def student_interval(
    values: ArrayLike,
    *,
    possible: tuple[float, float] = (-math.inf, math.inf),
) -> Interval | None:
    """Interval of the mean of normal values (n,); None with fewer than two.

    Args:
        possible: The smallest and the largest value. Where the mean lies outside, the values are
            not what they were taken for, and nothing is cut off.
    """
    array = finite(values)
    if len(array) < 2:
        return None
    middle, sd = _mean_and_sd(array)
    half = float(special.stdtrit(len(array) - 1, (1 + LEVEL) / 2)) * sd / math.sqrt(len(array))
    found = Interval(middle - half, middle + half)
    return found.within(*possible) if possible[0] <= middle <= possible[1] else found


def _mean_and_sd(array: Array) -> tuple[float, float]:
    """Of two values or more: numpy's, whose methods take ten times as long for a few values."""
    n = len(array)
    middle = float(np.add.reduce(array)) / n
    rest = array - middle
    return middle, math.sqrt(float(rest @ rest) / (n - 1))


def clopper_pearson(k: int, n: int, level: float = LEVEL) -> Interval:
    """Exact interval of a rate, k successes of n (Clopper & Pearson 1934).

    Raises:
        ValueError: not 0 <= k <= n.
    """
    check_counts(k, n)
    alpha = 1 - level
    low = float(special.betaincinv(k, n - k + 1, alpha / 2)) if k else 0.0
    high = float(special.betaincinv(k + 1, n - k, 1 - alpha / 2)) if k < n else 1.0
    return Interval(low, high, level)


def check_counts(k: int, n: int) -> None:
    """Refuse k successes of n that cannot be.

    Raises:
        ValueError: not 0 <= k <= n.
    """
    if not 0 <= k <= n:
        raise ValueError(f"successes: 0 <= k <= n must hold, got k={k}, n={n}")


def mcnemar(wins: int, losses: int) -> float:
    """Two-sided exact p that pairs which differ fall to either side alike (McNemar 1947).

    `wins` pairs succeed only with the one, `losses` only with the other.
    """
    n = wins + losses
    if not n:
        return 1.0
    return min(1.0, 2 * float(special.bdtr(min(wins, losses), n, 0.5)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (1979): the family's error stays at the level of each."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    steps = p[order] * (len(p) - np.arange(len(p)))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in corrected]


def kendall(
    x: ArrayLike, y: ArrayLike, alternative: Literal["two-sided", "greater"] = "two-sided"
) -> tuple[float, float]:
    """Kendall's tau-b and its p (1938), over pairs where both are finite; (NaN, 1) if none."""
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return math.nan, 1.0
    from scipy import stats  # three quarters of a second, which most reports can do without

    result = stats.kendalltau(a, b, alternative=alternative)
    return float(result.statistic), float(result.pvalue)
