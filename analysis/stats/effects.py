"""How much a metric changes over the values of a parameter, with what the noise allows to say.

Of a grid the unit is the training seed: policies of one seed share data order, initial weights and
demonstrations, so that other settings of the same seed are no further evidence. Of a random search
the unit is the configuration.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ilsweep.analysis.stats.intervals_and_tests import Interval, kendall
from ilsweep.analysis.stats.levels import ALPHA
from ilsweep.analysis.stats.power import FEWEST, noncentrality
from ilsweep.analysis.stats.studentised_range import studentised_range_sf

Array = NDArray[np.float64]

PLANNED = 0.6
"""Power that is planned for. Sweeps that are still undecided have seen more noise than most, so
that more of them are decided than planned: with this number 70 to 90 % (`make calibrate`)."""
MOST_SEEDS = 200
"""More seeds than this are not proposed."""
MOST_CONFIGURATIONS = 1000
"""Slopes are taken between so many configurations at most, evenly over the order of the values."""
BINS = 3
"""Groups into which values are put where each is tried once."""
FEWEST_BIN = 3


@dataclass(frozen=True)
class Effect:
    """A metric over the values of a parameter, in order."""

    method: Literal["slope", "Sen"]
    size: float
    """Change from the smallest to the largest value along the fitted line, as far as possible: a
    line may leave the range of a success rate, which no change of it can."""
    interval: Interval
    p: float
    """That there is no trend; two-sided."""
    p_any: float
    """That no value differs from another (F test of all of them); `p` of two values."""
    p_inside: float
    """That no value in between lies beyond both ends, on the same side; 1 of two values."""
    inside: int
    """Which group lies furthest beyond both ends, by `p_inside`; -1 where none does."""
    spread: float
    """Largest difference between the means of two values."""
    bound: float
    """What that difference is not larger than, at 5 % (two one-sided tests of each pair)."""
    error: float
    """Standard error of the size."""
    noise: float
    """Standard deviation of one seed's mean at one value; NaN where the unit is a configuration."""
    freedom: float
    most: float
    """The largest change that is possible."""

    def visible(self, alpha: float = ALPHA) -> float:
        """The size that would be significant in 80 % of such sweeps.

        Infinite where no change can be so large.
        """
        critical = float(special.stdtrit(self.freedom, 1 - alpha / 2))
        size = noncentrality(critical, self.freedom) * self.error
        return size if size <= self.most else math.inf


def level_effect(means: Array, floor: float = 0.0, most: float = math.inf) -> Effect | None:
    """The trend over the levels with the seed as unit.

    A straight line through the levels, taken as equally far apart; its error from the interaction
    of level and seed, (levels - 1)(seeds - 1) degrees of freedom (Scheffe 1959, 8.1).

    Args:
        means: (levels, seeds), each a mean over the other settings.
        floor: Least variance of one of them, such as the binomial one of a success rate: equal
            values by chance are no proof of a small variance.
        most: The largest change that is possible, of a success rate 100 points.

    Returns:
        None with fewer than two levels or two seeds, or without any noise.
    """
    levels, seeds = means.shape
    if levels < 2 or seeds < 2:
        return None
    rest = means - means.mean(1, keepdims=True) - means.mean(0) + means.mean()
    freedom = (levels - 1) * (seeds - 1)
    variance = max(float((rest**2).sum()) / freedom, floor)
    x = np.arange(levels) - (levels - 1) / 2
    weights = x / float(x @ x) * (levels - 1)
    by_level = means.mean(1)
    size, error = float(weights @ by_level), math.sqrt(float(weights @ weights) * variance / seeds)
    if error == 0:
        return None
    pair = math.sqrt(2 * variance / seeds)
    squares = seeds * float(((by_level - by_level.mean()) ** 2).sum()) / (levels - 1)
    p_inside, inside = _inside(by_level, lambda i, j: pair, freedom)
    t = float(special.stdtrit(freedom, 1 - ALPHA / 2))
    spread = float(np.ptp(by_level))
    most = most if spread <= most else math.inf
    shown, interval = _possible(size, size - t * error, size + t * error, most)
    return Effect(
        method="slope",
        size=shown,
        interval=interval,
        p=2 * float(special.stdtr(freedom, -abs(size) / error)),
        p_any=float(special.fdtrc(levels - 1, freedom, squares / variance)),
        p_inside=p_inside,
        inside=inside,
        spread=spread,
        bound=spread + float(special.stdtrit(freedom, 1 - ALPHA)) * pair,
        error=error,
        noise=math.sqrt(variance),
        freedom=freedom,
        most=most,
    )


def _possible(size: float, low: float, high: float, most: float) -> tuple[float, Interval]:
    """An effect and its interval moved to what is possible, -most to most.

    No true effect is further from the size than before, and none leaves the interval.
    """
    inside = min(max(size, -most), most)
    moved = inside - size
    return inside, Interval(low + moved, high + moved).within(-most, most)


def trend_effect(x: Array, y: Array, most: float = math.inf) -> Effect | None:
    """The trend over n configurations: Sen's slope (1968) and Kendall's test (1938).

    Args:
        x: Where each lies, from 0 (the smallest value) to 1 (the largest), (n,).
        y: Its mean over seeds, (n,).
        most: The largest change that is possible.

    Returns:
        None with fewer than `FEWEST` configurations, or fewer than two different places.
    """
    n = len(x)
    if n < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    kept = np.argsort(x, kind="stable")
    if n > MOST_CONFIGURATIONS:
        kept = kept[np.linspace(0, n - 1, MOST_CONFIGURATIONS).astype(np.intp)]
    slopes = _slopes(x[kept], y[kept]) * float(np.ptp(x))
    size, (low, high) = float(np.median(slopes)), _sens_bounds(slopes, len(kept), ALPHA)
    near = _sens_bounds(slopes, len(kept), 2 * ALPHA)
    z = float(special.ndtri(1 - ALPHA / 2))
    groups = [y[g] for g in _groups(x)]
    p_any, p_inside, inside, spread, bound = _of_groups(groups)
    most = most if float(np.ptp(y)) <= most else math.inf
    shown, interval = _possible(size, low, high, most)
    return Effect(
        method="Sen",
        size=shown,
        interval=interval,
        p=kendall(x, y)[1],
        p_any=p_any,
        p_inside=p_inside,
        inside=inside,
        spread=max(spread, abs(shown)),
        bound=max(bound, abs(near[0]), abs(near[1])),
        error=(high - low) / 2 / z,
        noise=math.nan,
        freedom=n - 2,
        most=most,
    )


def _slopes(x: Array, y: Array) -> Array:
    """Between all pairs that differ in x, in order."""
    i, j = np.triu_indices(len(x), 1)
    apart = x[i] != x[j]
    return np.sort((y[j] - y[i])[apart] / (x[j] - x[i])[apart])


def _sens_bounds(slopes: Array, n: int, alpha: float) -> tuple[float, float]:
    """Order statistics of the slopes between which the true one lies (Sen 1968, section 6)."""
    deviation = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    reach = float(special.ndtri(1 - alpha / 2)) * deviation
    low = math.floor((len(slopes) - reach) / 2)
    if low < 1:
        return -math.inf, math.inf
    return float(slopes[low - 1]), float(slopes[len(slopes) - low])


def _groups(x: Array) -> list[NDArray[np.intp]]:
    """By value where each was tried often enough, else thirds in the order of the values."""
    values, counts = np.unique(x, return_counts=True)
    if len(values) <= 6 and counts.min() >= FEWEST_BIN:
        return [np.flatnonzero(x == value) for value in values]
    if len(x) < BINS * FEWEST_BIN:
        return []
    return np.array_split(np.argsort(x, kind="stable"), BINS)


def _of_groups(groups: list[Array]) -> tuple[float, float, int, float, float]:
    """One-way analysis of variance: p_any, p_inside, inside, spread, bound of `Effect`."""
    if len(groups) < 2:
        return 1.0, 1.0, -1, 0.0, math.inf
    counts = np.array([len(g) for g in groups])
    means = np.array([g.mean() for g in groups])
    freedom = int(counts.sum()) - len(groups)
    variance = sum(float(((g - g.mean()) ** 2).sum()) for g in groups) / freedom
    grand = float(counts @ means) / counts.sum()
    between = float(counts @ (means - grand) ** 2) / (len(groups) - 1)
    if variance <= 0:
        return 1.0, 1.0, -1, float(np.ptp(means)), math.inf

    def error(i: int, j: int) -> float:
        return math.sqrt(variance * (1 / counts[i] + 1 / counts[j]))

    p_inside, inside = _inside(means, error, freedom)
    t = float(special.stdtrit(freedom, 1 - ALPHA))
    bounds = [
        abs(means[i] - means[j]) + t * error(i, j) for i, j in combinations(range(len(groups)), 2)
    ]
    p_any = float(special.fdtrc(len(groups) - 1, freedom, between / variance))
    return p_any, p_inside, inside, float(np.ptp(means)), float(max(bounds))


def _inside(means: Array, error: Callable[[int, int], float], freedom: float) -> tuple[float, int]:
    """p that no inner mean lies beyond both ends on the same side, and the one that does.

    Beyond both is as sure as the less sure of the two (Berger 1982); Bonferroni over the inner
    levels and the two sides.
    """
    last, best = len(means) - 1, (1.0, -1)
    for i in range(1, last):
        t = [(means[i] - means[end]) / error(i, end) for end in (0, last)]
        if t[0] * t[1] > 0:
            p = float(special.stdtr(freedom, -min(abs(t[0]), abs(t[1])))) * 2 * (last - 1)
            best = min(best, (min(p, 1.0), i))
    return best


def seeds_that_decide(
    noise: float, freedom: float, levels: int, smallest: float, alpha: float
) -> int | None:
    """Seeds in all with which an undecided sweep is decided in 70 to 90 % of cases.

    So often whether there is nothing or an effect of `smallest`.

    Averaged over what the true noise may be, since it is itself estimated. None where more than
    `MOST_SEEDS` would be needed.
    """
    shares = (np.arange(15) + 0.5) / 15
    scales = noise * np.sqrt(freedom / (2 * special.gammaincinv(freedom / 2, shares)))
    for seeds in range(2, MOST_SEEDS + 1):
        seen = _seen(scales, seeds, levels, smallest, alpha)
        if seen >= PLANNED and _absent(scales, seeds, levels, smallest) >= PLANNED:
            return seeds
    return None


def _seen(scales: Array, seeds: int, levels: int, size: float, alpha: float) -> float:
    """Power of the trend test."""
    freedom = (levels - 1) * (seeds - 1)
    x = np.arange(levels) - (levels - 1) / 2
    error = scales * (levels - 1) / math.sqrt(float(x @ x) * seeds)
    bound = float(special.stdtrit(freedom, 1 - alpha / 2))
    shift = np.minimum(size / error, 40.0)
    return float(np.mean(1 - special.nctdtr(freedom, shift, bound)))


def _absent(scales: Array, seeds: int, levels: int, size: float) -> float:
    """Power of the equivalence test where nothing is there."""
    freedom = (levels - 1) * (seeds - 1)
    error = scales / math.sqrt(seeds)
    room = size / error - math.sqrt(2) * float(special.stdtrit(freedom, 1 - ALPHA))
    inside = 1 - studentised_range_sf(np.maximum(room, 0.0), levels, 1e5)
    return float(np.mean(np.where(room > 0, inside, 0.0)))
