"""Does y grow with x, when only pairs within a block may be compared? Kendall's tau, stratified.

x, y, block are (n,), without NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ilsweep.analysis.stats.intervals_and_tests import LEVEL, Interval, clopper_pearson, kendall

Array = NDArray[np.float64]
Blocks = Sequence[NDArray[np.int64]]

PERMUTATIONS = 5000
RESAMPLES = 2000
MANY = 30
"""With more blocks than this the sum over them is taken for normal, in place of permutations."""
LARGE = 10
"""The same for blocks of so many points: Kendall's own limit for the normal approximation."""
FEWEST_BLOCKS = 4
"""Blocks below which their bootstrap gives no interval."""


@dataclass(frozen=True)
class Association:
    """Kendall's tau-b, its two-sided p, its interval."""

    tau: float
    """NaN where no two points of a block differ in x and in y, unless so many blocks as
    would make a perfect order significant show that y does not depend on x."""
    p: float
    interval: Interval | None


def association(x: Array, y: Array, block: NDArray[np.int64]) -> Association:
    """Tau-b over the pairs within blocks."""
    if not len(x):
        return Association(math.nan, 1.0, None)
    if (block == block[0]).all():
        tau, p = kendall(x, y)
        return Association(tau, p, fieller(tau, len(x)))
    order = np.argsort(block, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(block[order])) + 1)
    groups = [group for group in groups if len(group) > 1 and np.ptp(x[group]) > 0]
    if not groups:
        return Association(math.nan, 1.0, None)
    score = np.array([_concordance(x[group], y[group]) for group in groups])
    pairs = np.array([_pairs(x[group], y[group]) for group in groups])
    size = math.sqrt(pairs.sum(axis=0).prod())
    if size == 0:
        shown = (
            sum(map(len, groups)) >= fewest_points(block, 1 - LEVEL)
            and np.ptp(y[np.concatenate(groups)]) > 0
        )
        zero = Association(0.0, 1.0, Interval(0.0, 0.0, LEVEL))
        return zero if shown else Association(math.nan, 1.0, None)
    total = float(score.sum())
    near_normal = len(groups) > MANY or max(map(len, groups)) > LARGE
    p = (_normal if near_normal else _permuted)(x, y, groups, total)
    return Association(total / size, p, _over_blocks(score, pairs))


def fewest_points(block: NDArray[np.int64], alpha: float) -> int:
    """Points, in blocks of the usual size, at which a perfect order has a p of `alpha` or less.

    Of b blocks of m points one of (m!)^b orders is perfect, and one perfectly contrary.
    """
    sizes = np.unique(block, return_counts=True)[1]
    if len(sizes) <= 1:
        return next(n for n in range(2, 30) if alpha * math.factorial(n) >= 2)
    size = max(2, int(np.median(sizes)))
    return size * math.ceil(math.log(2 / alpha) / math.lgamma(size + 1))


def _concordance(x: Array, y: Array) -> float:
    i, j = np.triu_indices(len(x), 1)
    return float((np.sign(x[i] - x[j]) * np.sign(y[i] - y[j])).sum())


def _pairs(x: Array, y: Array) -> tuple[float, float]:
    """Pairs that differ in x, and in y: tau-b divides by the root of their product."""
    i, j = np.triu_indices(len(x), 1)
    return float(np.count_nonzero(x[i] != x[j])), float(np.count_nonzero(y[i] != y[j]))


def _permuted(x: Array, y: Array, groups: Blocks, seen: float) -> float:
    """p of the concordance when y is shuffled within each block."""
    rng = np.random.default_rng(0)
    totals = np.zeros(PERMUTATIONS)
    for group in groups:
        i, j = np.triu_indices(len(group), 1)
        shuffled = rng.permuted(np.tile(y[group], (PERMUTATIONS, 1)), axis=1)
        totals += np.sign(shuffled[:, i] - shuffled[:, j]) @ np.sign(x[group][i] - x[group][j])
    return float((1 + np.count_nonzero(np.abs(totals) >= abs(seen))) / (PERMUTATIONS + 1))


def _normal(x: Array, y: Array, groups: Blocks, seen: float) -> float:
    """p of the concordance from its variance under no association, continuity corrected."""
    variance = sum(tau_variance(x[group], y[group]) for group in groups)
    if variance <= 0:
        return 1.0
    return 2 * float(special.ndtr(-max(abs(seen) - 1, 0.0) / math.sqrt(variance)))


def tau_variance(x: Array, y: Array) -> float:
    """Variance of the concordance (pairs for minus pairs against) with ties (Kendall 1970, 4)."""
    n = len(x)
    t, u = (np.unique(values, return_counts=True)[1] for values in (x, y))
    variance = n * (n - 1) * (2 * n + 5) / 18
    variance -= sum(float((c * (c - 1) * (2 * c + 5)).sum()) for c in (t, u)) / 18
    variance += float((t * (t - 1)).sum() * (u * (u - 1)).sum()) / (2 * n * (n - 1))
    if n > 2:
        threes = float((t * (t - 1) * (t - 2)).sum() * (u * (u - 1) * (u - 2)).sum())
        variance += threes / (9 * n * (n - 1) * (n - 2))
    return variance


def _over_blocks(score: Array, pairs: Array) -> Interval | None:
    """Percentile bootstrap over blocks; exact where each block lies wholly on one side.

    Such blocks are tosses of a coin (blocks of two always are), of which the bootstrap of a few
    that fell alike would say that they always will.
    """
    told = score != 0
    if told.any() and (np.abs(score) == pairs[:, 0])[told].all():
        size = float(pairs[told, 0].sum() / np.sqrt(pairs.sum(axis=0).prod()))
        rate = clopper_pearson(int((score > 0).sum()), int(told.sum()))
        return Interval(size * (2 * rate.low - 1), size * (2 * rate.high - 1), LEVEL)
    if len(score) < FEWEST_BLOCKS:
        return None
    rng = np.random.default_rng(0)
    weights = rng.multinomial(len(score), np.full(len(score), 1 / len(score)), RESAMPLES)
    sizes = np.sqrt((weights @ pairs).prod(axis=1))
    taus = (weights @ score)[sizes > 0] / sizes[sizes > 0]
    low, high = np.quantile(taus, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high), LEVEL)


def fieller(tau: float, n: int) -> Interval | None:
    """Interval of tau by Fisher's z, variance 0.437 / (n - 4) (Fieller, Hartley & Pearson 1957).

    A perfect order counts as one with half a pair against it: no order of a few is proven perfect.
    """
    if math.isnan(tau) or n < 6:
        return None
    most = 1 - 2 / (n * (n - 1))
    z = math.atanh(min(max(tau, -most), most))
    half = float(special.ndtri((1 + LEVEL) / 2)) * math.sqrt(0.437 / (n - 4))
    return Interval(math.tanh(z - half), math.tanh(z + half), LEVEL)
