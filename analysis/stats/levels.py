"""How sure is sure: the levels of every interval and test."""

LEVEL = 0.95
"""Nominal coverage of intervals; tests have the rest as their error rate."""
ALPHA = 1 - LEVEL
"""Error rate of a test."""
POWER = 0.8
"""Share of sweeps in which an effect that is called visible would be significant."""
