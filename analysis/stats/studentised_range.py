"""Tukey's studentised range: the largest difference among k means, in units of their error.

scipy has the distribution (`scipy.stats.studentized_range`), at three quarters of a second for the
import and some hundredths for each value. Here it is two sums.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special
from scipy.optimize import brentq

Array = NDArray[np.float64]

LEAST = 1e-12
"""Smaller tail probabilities are lost in the sums; it is given in their place."""
_TAIL = 1e-14
_LARGEST = 1e5
"""Degrees of freedom beyond which the error counts as known."""


@lru_cache(maxsize=1)
def _legendre() -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(96)
    return np.asarray(nodes), np.asarray(weights)


def studentised_range_sf(q: ArrayLike, means: int, freedom: float) -> Array:
    """P(range > q) of `means` equal means, its error estimated with `freedom` degrees of freedom.

    Lund & Lund 1983, algorithm AS 190: the range of normal values, averaged over the distribution
    of the estimated standard deviation.

    Args:
        q: Differences over the standard error of one mean, (...).

    Raises:
        ValueError: fewer than two means, or no degree of freedom.
    """
    if means < 2 or not freedom > 0:
        raise ValueError(f"means >= 2 and freedom > 0 must hold, got {means} and {freedom}")
    scale, weight = _errors(min(float(freedom), _LARGEST))
    grid, values = _range_cdf(means)
    inside = np.interp(np.maximum(np.asarray(q, np.float64), 0)[..., None] * scale, grid, values)
    return np.clip(1 - inside @ weight, LEAST, 1.0)


def _errors(freedom: float) -> tuple[Array, Array]:
    """Nodes of s = sqrt(chi2 / freedom), (96,), and their probabilities."""
    nodes, weights = _legendre()
    ends = np.sqrt(2 * special.gammaincinv(freedom / 2, [_TAIL, 1 - _TAIL]) / freedom)
    half = (ends[1] - ends[0]) / 2
    s = ends[0] + half * (nodes + 1)
    log = (freedom - 1) * np.log(s) - freedom * s**2 / 2
    density = weights * np.exp(log - log.max())
    return s, density / density.sum()


@lru_cache(maxsize=64)
def _range_cdf(means: int) -> tuple[Array, Array]:
    """A table of P(range of `means` standard normal values <= w), linear in between.

    It is k int phi(z) (Phi(z) - Phi(z - w))^(k - 1) dz, for k `means`.
    """
    nodes, weights = _legendre()
    z, w = 8 * nodes, np.linspace(0, 16, 1601)
    inner = np.maximum(special.ndtr(z) - special.ndtr(z - w[:, None]), 0)
    density = weights * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return w, np.minimum(means * 8 * (inner ** (means - 1)) @ density, 1.0)


@lru_cache(maxsize=256)
def studentised_range_isf(p: float, means: int, freedom: float) -> float:
    """The q with P(range > q) = p."""
    high = 10.0
    while studentised_range_sf(high, means, freedom) > p:
        high *= 4
    return float(brentq(lambda q: float(studentised_range_sf(q, means, freedom)) - p, 0, high))
