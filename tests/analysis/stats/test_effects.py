"""The effect of ordered levels against the paired t-test and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ilsweep.analysis.stats.effects import level_effect
from ilsweep.analysis.stats.power import noncentrality, visible_over_seeds


def test_two_levels_are_a_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(2, 6)) + np.array([[0.0], [1.0]])
    found = level_effect(y)
    assert found is not None
    theirs = stats.ttest_rel(y[1], y[0])
    assert found.p == pytest.approx(theirs.pvalue)
    bounds = theirs.confidence_interval()
    assert (found.interval.low, found.interval.high) == pytest.approx((bounds.low, bounds.high))
    assert (found.p_any, found.p_inside) == pytest.approx((found.p, 1.0))


def test_the_bound_is_two_one_sided_tests() -> None:
    """It exceeds the true difference in 95 % of cases."""
    rng = np.random.default_rng(1)
    truth = np.array([0.0, 1.0, 2.0])
    found = [level_effect(rng.normal(size=(3, 4)) + truth[:, None]) for _ in range(400)]
    assert np.mean([f.bound < 2.0 for f in found if f]) <= 0.075


def test_the_visible_effect_is_seen_in_four_of_five() -> None:
    rng = np.random.default_rng(2)
    noise = 3.0
    error = noise / math.sqrt(4) * math.sqrt(2)  # first against last of three levels
    size = noncentrality(float(stats.t.ppf(0.975, 6)), 6) * error
    tables = rng.normal(0, noise, (500, 3, 4)) + size * np.arange(3)[:, None] / 2
    found = [level_effect(table) for table in tables]
    assert np.mean([f.p < 0.05 for f in found if f]) == pytest.approx(0.8, abs=0.06)
    assert np.mean([f.error for f in found if f]) == pytest.approx(error, rel=0.1)
    assert found[0] is not None
    assert found[0].visible() == pytest.approx(size / error * found[0].error)


@pytest.mark.parametrize(("levels", "seeds"), [(2, 2), (2, 3), (3, 3)])
def test_with_few_seeds_it_is_seen_as_often(levels: int, seeds: int) -> None:
    """The sum of two quantiles, for one degree of freedom, is seen in 72 %."""
    rng = np.random.default_rng(0)
    size = visible_over_seeds(levels, seeds)
    tables = rng.normal(size=(1500, levels, seeds)) + np.linspace(0, size, levels)[:, None]
    found = [level_effect(table) for table in tables]
    assert np.mean([f.p < 0.05 for f in found if f]) == pytest.approx(0.8, abs=0.03)
