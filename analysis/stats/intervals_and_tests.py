"""Intervals and tests, pure functions of arrays.

Every function that draws random numbers seeds its own generator, so that the same records give the
same report to the byte.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]
Statistic = Callable[[Array], Array]
"""Reduces the last axis."""

LEVEL = 0.95
POWER = 0.8
RESAMPLES = 2000
FEW = 8
"""Below so many values an interval comes from Student's t: a bootstrap of n values cannot leave
their range, so that at n = 3 it covers the mean in 1 - 2 (1/2)^3 = 75 % of cases at best."""
MOST_SEEDS = 1000
"""A difference that would take more seeds than this is reported as not to be told."""


@dataclass(frozen=True)
class Interval:
    """A confidence interval; `level` is its nominal coverage."""

    low: float
    high: float
    level: float = LEVEL

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def finite(values: ArrayLike) -> Array:
    """The finite ones of `values`, flat."""
    array = np.asarray(values, np.float64).ravel()
    return array[np.isfinite(array)]


def mean(values: Array) -> Array:
    return np.asarray(values.mean(axis=-1))


def iqm(values: Array) -> Array:
    """Interquartile mean over the last axis: a quarter (rounded down) cut off at either end.

    Agarwal et al. 2021, "Deep RL at the edge of the statistical precipice". With fewer than four
    values nothing is cut and it is the mean.
    """
    n = values.shape[-1]
    cut = n // 4
    if not cut:
        return mean(values)
    return mean(np.sort(values, axis=-1)[..., cut : n - cut])


def centre(values: ArrayLike) -> tuple[float, Literal["iqm", "mean", "none"]]:
    """Interquartile mean of `FEW` values or more, else the mean; NaN of none.

    With three to seven seeds trimming throws away a third to a half of them, and it is the mean
    that Student's interval and the paired t test are about. The same to the last digit, whatever
    the order of the values.
    """
    array = np.sort(finite(values))
    if not len(array):
        return math.nan, "none"
    if len(array) < FEW:
        return float(array.mean()), "mean"
    return float(iqm(array)), "iqm"


def student_interval(values: ArrayLike, level: float = LEVEL) -> Interval | None:
    """Interval of the mean of normal values (n,); None with fewer than two."""
    array = finite(values)
    return _student(*_mean_and_sd(array), len(array), level) if len(array) >= 2 else None


def _student(middle: float, sd: float, n: int, level: float) -> Interval:
    half = float(special.stdtrit(n - 1, (1 + level) / 2)) * sd / math.sqrt(n)
    return Interval(middle - half, middle + half, level)


def _mean_and_sd(array: Array) -> tuple[float, float]:
    """Of two values or more: numpy's, whose methods take ten times as long for a few values."""
    n = len(array)
    middle = float(np.add.reduce(array)) / n
    rest = array - middle
    return middle, math.sqrt(float(rest @ rest) / (n - 1))


def bootstrap_interval(
    values: ArrayLike, statistic: Statistic = iqm, level: float = LEVEL, resamples: int = RESAMPLES
) -> Interval | None:
    """Bias-corrected and accelerated bootstrap interval (Efron 1987); None with fewer than two."""
    array = finite(values)
    n = len(array)
    if n < 2:
        return None
    if np.ptp(array) == 0:
        return Interval(float(array[0]), float(array[0]), level)
    rng = np.random.default_rng(0)
    draws = np.sort(statistic(array[rng.integers(0, n, (resamples, n))]))
    seen = float(statistic(array))
    below = (np.count_nonzero(draws < seen) + np.count_nonzero(draws <= seen)) / (2 * resamples)
    bias = special.ndtri(min(max(below, 0.5 / resamples), 1 - 0.5 / resamples))
    left_out = statistic(np.array([np.delete(array, i) for i in range(n)]))
    pull = left_out.mean() - left_out
    spread = float((pull**2).sum()) ** 1.5
    acceleration = float((pull**3).sum()) / (6 * spread) if spread > 0 else 0.0
    z = bias + special.ndtri([(1 - level) / 2, (1 + level) / 2])
    low, high = np.quantile(draws, special.ndtr(bias + z / (1 - acceleration * z)))
    return Interval(float(low), float(high), level)


def centre_interval(values: ArrayLike, level: float = LEVEL) -> Interval | None:
    """The interval that belongs to `centre`: Student's below `FEW` values, else bootstrap."""
    array = finite(values)
    if len(array) < FEW:
        return student_interval(array, level)
    return bootstrap_interval(array, iqm, level)


def clopper_pearson(k: int, n: int, level: float = LEVEL) -> Interval:
    """Exact interval of a rate, k successes of n (Clopper & Pearson 1934).

    Raises:
        ValueError: not 0 <= k <= n.
    """
    _check_counts(k, n)
    alpha = 1 - level
    low = float(special.betaincinv(k, n - k + 1, alpha / 2)) if k else 0.0
    high = float(special.betaincinv(k + 1, n - k, 1 - alpha / 2)) if k < n else 1.0
    return Interval(low, high, level)


def wilson(k: int, n: int, level: float = LEVEL) -> Interval:
    """Score interval of a rate (Wilson 1927); [0, 1] of no trial.

    Raises:
        ValueError: not 0 <= k <= n.
    """
    _check_counts(k, n)
    if not n:
        return Interval(0.0, 1.0, level)
    z = float(special.ndtri((1 + level) / 2))
    middle = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(k * (n - k) / n + z * z / 4)
    return Interval(max(0.0, middle - half), min(1.0, middle + half), level)


def _check_counts(k: int, n: int) -> None:
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


@dataclass(frozen=True)
class Contrast:
    """A tested difference: the difference, its interval, its two-sided p, its spread."""

    difference: float
    interval: Interval | None
    p: float
    sd: float
    """Of one difference between two seeds, for planning; NaN where unknown."""


def paired_test(differences: ArrayLike, level: float = LEVEL) -> Contrast:
    """Is the mean of `differences` (n,) zero? Student's t below `FEW`, else studentised bootstrap.

    The bootstrap draws t* around the mean that was seen and compares |t| with |t*| (Efron &
    Tibshirani 1993, 16.4).
    """
    array = finite(differences)
    n = len(array)
    if n < 2:
        return Contrast(float(array[0]) if n else math.nan, None, 1.0, math.nan)
    difference, sd = _mean_and_sd(array)
    interval = _student(difference, sd, n, level)
    if sd <= 1e-12 * float(np.abs(array).max()):
        return Contrast(difference, interval, 1.0 if difference == 0 else 0.0, sd)
    t = abs(difference) / (sd / math.sqrt(n))
    if n < FEW:
        return Contrast(difference, interval, 2 * float(special.stdtr(n - 1, -t)), sd)
    rng = np.random.default_rng(0)
    draws = array[rng.integers(0, n, (RESAMPLES, n))]
    errors = np.maximum(draws.std(axis=1, ddof=1), 1e-12 * sd) / math.sqrt(n)
    t_draws = (draws.mean(axis=1) - difference) / errors
    p = (1 + np.count_nonzero(np.abs(t_draws) >= t)) / (RESAMPLES + 1)
    low, high = np.quantile(t_draws, [(1 + level) / 2, (1 - level) / 2])
    error = sd / math.sqrt(n)
    bounds = Interval(float(difference - low * error), float(difference - high * error), level)
    return Contrast(difference, bounds, float(p), sd)


def welch_test(a: ArrayLike, b: ArrayLike, level: float = LEVEL) -> Contrast:
    """Do two independent samples have the same mean (Welch 1947)?"""
    x, y = finite(a), finite(b)
    difference = float(x.mean() - y.mean()) if len(x) and len(y) else math.nan
    if len(x) < 2 or len(y) < 2:
        return Contrast(difference, None, 1.0, math.nan)
    vx, vy = float(x.var(ddof=1)) / len(x), float(y.var(ddof=1)) / len(y)
    error = math.sqrt(vx + vy)
    sd = math.sqrt(float(x.var(ddof=1)) + float(y.var(ddof=1)))
    if error <= 1e-12 * max(float(np.abs(x).max()), float(np.abs(y).max())):
        p = 1.0 if difference == 0 else 0.0
        return Contrast(difference, Interval(difference, difference, level), p, sd)
    freedom = (vx + vy) ** 2 / (vx**2 / (len(x) - 1) + vy**2 / (len(y) - 1))
    half = float(special.stdtrit(freedom, (1 + level) / 2)) * error
    p = 2 * float(special.stdtr(freedom, -abs(difference) / error))
    return Contrast(difference, Interval(difference - half, difference + half, level), p, sd)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (1979): the family's error stays at the level of each."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    steps = p[order] * (len(p) - np.arange(len(p)))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in corrected]


def seeds_needed(
    difference: float, sd: float, alpha: float = 1 - LEVEL, power: float = POWER
) -> int | None:
    """Pairs of seeds that a paired t test needs to see `difference`, of spread `sd` a pair.

    None where there is no difference, or where more than `MOST_SEEDS` would be needed.
    """
    if not (math.isfinite(difference) and math.isfinite(sd)) or difference == 0:
        return None
    if sd == 0:
        return 2
    effect = abs(difference) / sd
    z_alpha, z_power = (float(special.ndtri(q)) for q in (1 - alpha / 2, power))
    normal = ((z_alpha + z_power) / effect) ** 2  # Student's t takes as many or more
    if normal > MOST_SEEDS:
        return None
    n = max(2, math.floor(normal))
    while n <= MOST_SEEDS and _t_power(effect, n, alpha) < power:
        n += 1
    return n if n <= MOST_SEEDS else None


def _t_power(effect: float, n: int, alpha: float) -> float:
    """Power of the two-sided paired t test; the far tail is left out."""
    shift = min(effect * math.sqrt(n), 1e3)
    bound = float(special.stdtrit(n - 1, 1 - alpha / 2))
    if shift > bound + 30:
        return 1.0
    return 1 - float(special.nctdtr(n - 1, shift, bound))


def rollouts_needed(
    p1: float, p2: float, alpha: float = 1 - LEVEL, power: float = POWER
) -> int | None:
    """Episodes of each of two policies that tell their success rates apart; None if equal.

    Fleiss 1981, without continuity correction: 50 % against 60 % takes 388.
    """
    if not (0 <= p1 <= 1 and 0 <= p2 <= 1) or p1 == p2:
        return None
    pooled = (p1 + p2) / 2
    z_alpha, z_power = (float(special.ndtri(q)) for q in (1 - alpha / 2, power))
    spread = z_alpha * math.sqrt(2 * pooled * (1 - pooled)) + z_power * math.sqrt(
        p1 * (1 - p1) + p2 * (1 - p2)
    )
    return math.ceil((spread / (p1 - p2)) ** 2)


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
