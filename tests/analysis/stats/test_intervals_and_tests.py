"""Statistics against scipy, closed forms and simulation."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ilsweep.analysis.metrics import changepoints
from ilsweep.analysis.stats import anytime_valid, intervals_and_tests

counts = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_clopper_pearson_is_scipys(kn: tuple[int, int]) -> None:
    k, n = kn
    if n == 0:
        assert intervals_and_tests.clopper_pearson(k, n) == intervals_and_tests.Interval(0.0, 1.0)
        return
    ours = intervals_and_tests.clopper_pearson(k, n)
    theirs = stats.binomtest(k, n).proportion_ci(method="exact")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize(
    "interval", [intervals_and_tests.clopper_pearson, anytime_valid.rate_interval]
)
def test_impossible_counts_are_refused(interval: object) -> None:
    with pytest.raises(ValueError, match="k=3, n=2"):
        interval(3, 2)  # type: ignore[operator]


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_binomial_test(wins: int, losses: int) -> None:
    expected = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert intervals_and_tests.mcnemar(wins, losses) == pytest.approx(expected)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_intervals_of_seeds_cover(n: int) -> None:
    rng = np.random.default_rng(n)
    found = [intervals_and_tests.student_interval(row) for row in rng.normal(size=(400, n))]
    assert sum(0.0 in interval for interval in found if interval) / 400 > 0.87


def test_clopper_pearson_covers_at_least_its_level() -> None:
    for rate in (0.02, 0.3, 0.5, 0.9):
        hits = [rate in intervals_and_tests.clopper_pearson(k, 25) for k in range(26)]
        assert stats.binom.pmf(np.arange(26), 25, rate) @ hits >= 0.95


def test_one_seed_gives_no_interval_and_no_verdict() -> None:
    assert intervals_and_tests.student_interval([1.0]) is None
    assert intervals_and_tests.student_interval([1.0, math.nan]) is None
    assert math.isnan(intervals_and_tests.centre([]))


def test_holm_by_hand() -> None:
    assert intervals_and_tests.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx(
        [0.03, 0.06, 0.06, 0.02]
    )
    assert intervals_and_tests.holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_lies_between_the_raw_value_and_bonferroni(p: list[float]) -> None:
    for raw, corrected in zip(p, intervals_and_tests.holm(p), strict=True):
        assert raw <= corrected <= min(1.0, raw * len(p)) + 1e-12


def test_correlation_passes_over_what_is_missing() -> None:
    x, y = [1.0, 2.0, 3.0, 4.0, math.nan], [1.0, 3.0, 2.0, 4.0, 9.0]
    tau, p = intervals_and_tests.kendall(x, y)
    assert tau == pytest.approx(2 / 3)
    assert p == pytest.approx(stats.kendalltau(x[:4], y[:4]).pvalue)
    assert intervals_and_tests.kendall([1, 1], [1, 2])[1] == 1.0


# ---- sequential


@pytest.mark.parametrize("rate", [0.1, 0.6])
def test_rate_interval_covers_at_every_look(rate: float) -> None:
    rng = np.random.default_rng(0)
    sums = np.cumsum(rng.random((300, 60)) < rate, axis=1)
    missed, look = 0, cache(anytime_valid.rate_interval)
    for run in sums:
        looks = [look(int(k), n + 1) for n, k in enumerate(run)]
        missed += any(rate not in look for look in looks)
    assert missed / 300 <= 0.05


@given(counts)
def test_rate_interval_holds_the_rate_seen(kn: tuple[int, int]) -> None:
    k, n = kn
    interval = anytime_valid.rate_interval(k, n)
    assert 0 <= interval.low <= (k / n if n else 0.5) <= interval.high <= 1


def test_pair_evidence_averages_to_one_under_no_difference() -> None:
    n = 12
    mean = sum(
        math.comb(n, w) * 0.5**n * anytime_valid.pair_evidence(w, n - w) for w in range(n + 1)
    )
    assert mean == pytest.approx(1.0)


def test_duel_keeps_its_error_rate_and_finds_the_better() -> None:
    rng = np.random.default_rng(1)

    def decided(p: float, q: float) -> str:
        first, second = rng.random(100) < p, rng.random(100) < q
        for n in range(1, 101):
            decision = anytime_valid.duel(list(first[:n]), list(second[:n])).decision
            if decision != "open":
                return decision
        return "open"

    assert np.mean([decided(0.6, 0.6) != "open" for _ in range(100)]) <= 0.05
    assert np.mean([decided(0.9, 0.4) == "first" for _ in range(30)]) >= 0.9


# ---- signals


def test_a_jump_on_a_steep_trend_is_seen_and_the_trend_is_not() -> None:
    rng = np.random.default_rng(0)
    curve = np.linspace(50, 0, 200) + rng.normal(0, 0.2, 200)
    assert changepoints.jumps(curve, 8) == []
    curve[150:] += 20
    (jump,) = changepoints.jumps(curve, 8)
    assert jump.index == 150
    assert jump.size == pytest.approx(20, abs=1.5)


def test_jumps_of_short_and_constant_curves() -> None:
    assert changepoints.jumps(np.zeros(100), 8) == []
    assert changepoints.jumps(np.array([0.0, 100.0]), 8) == []


@given(st.integers(1, 500), st.integers(1, 60))
def test_blocks_keep_the_mean(n: int, most: int) -> None:
    values = np.arange(n, dtype=np.float64)
    means = changepoints.blocks(values, most)
    assert len(means) == min(n, most)
    assert means.mean() == pytest.approx(values.mean(), abs=1)


def test_trend_of_a_line_and_of_noise() -> None:
    line = changepoints.trend(np.linspace(3, 1, 500))
    assert line.change == pytest.approx(-2, rel=0.02)
    assert line.p < 1e-6
    rng = np.random.default_rng(0)
    assert np.mean([changepoints.trend(rng.normal(size=80)).p < 0.05 for _ in range(200)]) < 0.1


def test_trend_agrees_with_scipys_slope() -> None:
    values = np.random.default_rng(4).normal(size=20).cumsum()
    slope = stats.theilslopes(values).slope
    assert changepoints.trend(values).change == pytest.approx(slope * 19)


def test_a_median_of_three_takes_out_a_spike() -> None:
    values = np.ones(20)
    values[7] = 100
    assert changepoints.median_of_three(values) == pytest.approx(np.ones(20))
    assert changepoints.median_of_three(values[:2]).tolist() == [1, 1]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_the_quick_median_is_numpys(values: list[float]) -> None:
    assert changepoints.median(np.array(values)) == pytest.approx(np.median(values), abs=1e-6)
