"""The one number of a configuration: known answers, and what a failure must never do."""

from __future__ import annotations

import math
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.analysis.ranking.aggregate import configuration_value, worst_of

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12)
SIGNS = st.sampled_from([1, -1])


def test_the_mean_of_few_seeds_and_of_many() -> None:
    assert configuration_value([1.0, 2.0, 6.0], 0, math.nan, 1) == 3.0
    eight = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 1000.0]
    assert configuration_value(eight, 0, math.nan, 1) == fmean(eight)


def test_a_failed_seed_counts_as_the_worst_of_the_sweep() -> None:
    assert configuration_value([0.1], 1, 0.9, 1) == 0.5
    assert configuration_value([80.0], 1, 10.0, -1) == 45.0


def test_a_failure_is_never_better_than_the_seeds_that_did_not_fail() -> None:
    """The worst so far, which a running sweep knows, may be better than this configuration."""
    assert configuration_value([0.9, 0.7], 1, 0.2, 1) == pytest.approx((0.9 + 0.7 + 0.9) / 3)


@pytest.mark.parametrize("failed", [0, 3])
def test_nothing_but_failures_is_no_number(failed: int) -> None:
    assert math.isnan(configuration_value([], failed, 1.0, 1))
    assert math.isnan(configuration_value([math.nan, math.inf], failed, 1.0, 1))


@given(VALUES, st.integers(0, 4), SIGNS)
def test_the_number_lies_between_the_best_and_the_worst(
    values: list[float], failed: int, sign: int
) -> None:
    number = configuration_value(values, failed, worst_of(values, sign), sign)
    slack = 1e-9 * max(map(abs, values))
    assert min(values) - slack <= number <= max(values) + slack


@given(VALUES, st.floats(-1e6, 1e6), SIGNS)
def test_failing_gains_nothing(values: list[float], worst: float, sign: int) -> None:
    few = values[:6]
    without, with_one = (configuration_value(few, n, worst, sign) for n in (0, 1))
    assert sign * with_one >= sign * without - 1e-9 * max(1.0, *map(abs, [*few, worst]))
