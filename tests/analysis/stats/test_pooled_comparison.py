"""The error rate of a whole table, and that no p is zero."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from ilsweep.analysis.stats.pooled_comparison import paired_table

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int], Array]


def _failing(rng: np.random.Generator, k: int, seeds: int) -> Array:
    return rng.normal(60, 7, (k, seeds)) * (rng.random((k, seeds)) > 0.15)


def _counts(rng: np.random.Generator, k: int, seeds: int) -> Array:
    return 10.0 * rng.binomial(10, 0.9, (k, seeds)).astype(np.float64)


EQUAL: dict[str, Draw] = {
    "normal": lambda rng, k, seeds: rng.normal(size=(k, seeds)),
    "seed effects": lambda rng, k, seeds: rng.normal(size=(k, seeds)) + 3 * rng.normal(size=seeds),
    "skewed": lambda rng, k, seeds: rng.exponential(size=(k, seeds)),
    "failing seeds": _failing,
    "success counts": _counts,
}


def any_significant(values: Array, floor: float = 0.0) -> bool:
    table = paired_table(list(values), [floor] * len(values), shared=True)
    assert table is not None
    return any(table.compare(i, j).p < 0.05 for i, j in combinations(range(len(values)), 2))


@pytest.mark.parametrize("noise", EQUAL)
@pytest.mark.parametrize(("k", "seeds"), [(4, 3), (8, 2), (6, 5)])
def test_equal_configurations_are_separated_in_one_table_of_twenty(
    noise: str, k: int, seeds: int
) -> None:
    rng = np.random.default_rng(k)
    floor = 90.0 if noise == "success counts" else 0.0
    wrong = [any_significant(EQUAL[noise](rng, k, seeds), floor) for _ in range(150)]
    # One in a thousand runs of a true 6 % would exceed it; the seed is fixed.
    assert np.mean(wrong) <= 0.12


def test_two_configurations_are_a_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=5), rng.normal(1, 1, 5)
    table = paired_table([a, b], [0, 0], shared=True)
    assert table is not None
    assert table.compare(0, 1).p == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=1e-4)


def test_unequal_numbers_are_tukey_and_kramers() -> None:
    rng = np.random.default_rng(1)
    rows = [rng.normal(i, 1, n) for i, n in enumerate((4, 6, 5))]
    table = paired_table(rows, [0, 0, 0], shared=False)
    assert table is not None
    assert table.test == "Tukey"
    theirs = stats.tukey_hsd(*rows).pvalue
    assert table.compare(0, 2).p == pytest.approx(theirs[0, 2], abs=1e-4)


def test_plainly_unequal_deviations_are_tested_pair_by_pair() -> None:
    rng = np.random.default_rng(2)
    rows = [rng.normal(0, sd, 6) for sd in (0.1, 0.1, 20.0, 20.0)]
    rows[1] += 5
    table = paired_table(rows, [0] * 4, shared=True)
    assert table is not None
    assert table.test == "pairwise t"
    # The noise of the other two says nothing about these.
    assert table.compare(0, 1).p < 0.05
    assert table.compare(0, 1).p == pytest.approx(
        6 * stats.ttest_rel(rows[0], rows[1]).pvalue, rel=1e-6
    )


def test_values_without_noise_have_no_p_of_zero() -> None:
    table = paired_table([np.array([5.0, 5.0]), np.array([6.0, 6.0])], [0, 0], shared=True)
    assert table is not None
    assert table.compare(0, 1).p > 0
    same = paired_table([np.array([5.0, 5.0])] * 2, [0, 0], shared=True)
    assert same is not None
    assert same.compare(0, 1).p == 1.0


def test_the_visible_difference_is_seen_in_four_of_five() -> None:
    rng = np.random.default_rng(3)
    base = rng.normal(size=(300, 6, 4))
    tables = [paired_table(list(values), [0] * 6, shared=True) for values in base]
    pooled = [table for table in tables if table is not None and table.test == "Tukey"]
    base[:, 0] += pooled[0].compare(0, 1).visible / np.sqrt(pooled[0].pooled)
    moved = [paired_table(list(values), [0] * 6, shared=True) for values in base]
    seen = [t.compare(0, 1).p < 0.05 for t in moved if t is not None and t.test == "Tukey"]
    assert 0.7 < np.mean(seen) < 0.9


def test_one_seed_each_is_no_table() -> None:
    assert paired_table([np.array([1.0]), np.array([2.0])], [0, 0], shared=False) is None
