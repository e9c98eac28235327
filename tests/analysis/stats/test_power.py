"""Quantiles of Student's t without scipy, against scipy's."""

from __future__ import annotations

import pytest
from scipy import special, stats

from ilsweep.analysis.stats.power import noncentrality, student_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 16, 101, 1000])
def test_quantiles_are_those_of_scipy(freedom: int) -> None:
    for p in (0.5, 0.8, 0.975, 0.9999, 1 - 1e-7):
        expected = float(special.stdtrit(freedom, p))
        assert student_quantile(p, freedom) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("freedom", [1, 1.5, 2, 4, 12, 1000])
@pytest.mark.parametrize("alpha", [0.05, 0.032])
def test_the_visible_difference_is_seen_in_80_percent(freedom: float, alpha: float) -> None:
    critical = float(special.stdtrit(freedom, 1 - alpha / 2))
    found = noncentrality(critical, freedom)
    assert stats.nct.sf(critical, freedom, found) == pytest.approx(0.8, abs=2e-3)
