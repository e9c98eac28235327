"""What a design could show, before there are data. Imports neither numpy nor scipy.

`ilsweep validate` answers while a user types, and scipy alone would take half of a second.
"""

from __future__ import annotations

import math

from ilsweep.analysis.stats.levels import ALPHA, POWER


def visible_over_seeds(levels: int, seeds: int, alpha: float = ALPHA) -> float:
    """The change over the levels that is significant in 80 % of sweeps.

    In standard deviations of one seed's mean at one level; infinite with one seed.
    """
    freedom = (levels - 1) * (seeds - 1)
    if freedom < 1:
        return math.inf
    squares = levels * (levels**2 - 1) / 12  # of the places of the levels, from their middle
    return _quantiles(freedom, alpha) * (levels - 1) / math.sqrt(squares * seeds)


def visible_over_configurations(configurations: int, alpha: float = ALPHA) -> float:
    """The same of a random search, in standard deviations between configurations.

    A straight line over values spread evenly. Infinite with fewer than six.

    Kendall's test has 0.91 of the efficiency of least squares (Kendall & Gibbons 1990, 9.8), and
    drawn values spread less evenly than a grid: together a tenth more (simulated at 18).
    """
    if configurations < 6:
        return math.inf
    return 1.1 * _quantiles(configurations - 2, alpha) * math.sqrt(12 / configurations)


def _quantiles(freedom: int, alpha: float) -> float:
    return student_quantile(1 - alpha / 2, freedom) + student_quantile(POWER, freedom)


def student_quantile(p: float, freedom: int) -> float:
    """The p-quantile of Student's t with a whole number of degrees of freedom, p of 0.5 to 1.

    By bisection over the angle atan(t / sqrt(freedom)).
    """
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < 2 * p - 1 else (low, middle)
    return math.sqrt(freedom) * math.tan(low)


def _within(angle: float, freedom: int) -> float:
    """P(|T| <= sqrt(freedom) tan(angle)) (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4)."""
    sine, cosine = math.sin(angle), math.cos(angle)
    if freedom % 2 == 0:
        term = total = 1.0
        for k in range(1, freedom // 2):
            term *= (2 * k - 1) / (2 * k) * cosine**2
            total += term
        return sine * total
    term, total = cosine, 0.0
    for k in range(1, (freedom + 1) // 2):
        total += term
        term *= 2 * k / (2 * k + 1) * cosine**2
    return 2 / math.pi * (angle + sine * total)
