"""How a claim's error rate is shared between what is tested of it, and between its looks."""

from __future__ import annotations

from ilsweep.analysis.stats.levels import ALPHA

TREND = 0.8
"""Share of a claim's error rate that the trend gets; the rest goes to another shape (a value inside
that lies beyond both ends, or any difference)."""
FIRST, LATER = 0.8, 0.2
"""Of the error rate of a claim over all its stages the first look spends 4 in 5, each later one a
fifth of what the one before spent: together less than all (Bonferroni)."""


def trend_alpha(looks: int, claims: int) -> float:
    """What the trend's own p must fall below, at the worst place in Holm's order.

    Args:
        looks: Earlier stages in which the claim was looked at.
        claims: Of the spec.
    """
    return ALPHA * TREND * FIRST * LATER**looks / claims
