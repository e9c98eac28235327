"""Tukey's studentised range against scipy's, and against Student's t for two means."""

from __future__ import annotations

import pytest
from scipy import stats

from ilsweep.analysis.stats.studentised_range import (
    studentised_range_isf,
    studentised_range_sf,
)


@pytest.mark.parametrize("means", [2, 3, 12, 40])
@pytest.mark.parametrize("freedom", [1, 4, 22, 500])
def test_it_is_scipys(means: int, freedom: int) -> None:
    for q in (0.5, 3.0, 5.0, 20.0):
        theirs = stats.studentized_range.sf(q, means, freedom)
        assert float(studentised_range_sf(q, means, freedom)) == pytest.approx(theirs, abs=2e-5)


def test_of_two_means_it_is_students_t() -> None:
    assert studentised_range_isf(0.05, 2, 4) == pytest.approx(stats.t.isf(0.025, 4) * 2**0.5, 1e-4)


def test_it_is_never_zero() -> None:
    assert float(studentised_range_sf(1e9, 3, 10)) > 0


@pytest.mark.parametrize(("means", "freedom"), [(1, 3), (3, 0)])
def test_what_has_no_range_is_refused(means: int, freedom: int) -> None:
    with pytest.raises(ValueError, match="means >= 2 and freedom > 0"):
        studentised_range_sf(1.0, means, freedom)
