"""Verdicts on hypotheses: right on data made with a known truth, silent where they must be."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from ilsweep.analysis.inference.hypotheses import judge
from ilsweep.analysis.metrics.lookup import Catalog
from tests.analysis.inference.claims import (
    METRIC,
    grid,
    verdict,
)
from tests.analysis.strategies import trial


@pytest.mark.parametrize(
    ("effect", "expect", "judgement"),
    [
        (1.0, "increase", "supported"),
        (-1.0, "increase", "refuted"),
        (-1.0, "decrease", "supported"),
        (1.0, "no_effect", "refuted"),
    ],
)
def test_a_clear_effect_is_judged(effect: float, expect: str, judgement: str) -> None:
    found = verdict(grid(effect), expect)
    assert found.judgement == judgement
    assert found.effect == pytest.approx(2 * effect, abs=0.2)
    assert found.interval is not None
    assert found.effect in found.interval
    assert (found.trials, found.seeds) == (27, 3)
    assert found.needed.en == ""


def test_noise_is_undecided_and_says_what_it_would_have_seen() -> None:
    found = verdict(grid(0.0, others=(1.0,)))
    assert found.judgement == "undecided"
    assert 0.1 < found.visible < 1.0
    assert "80 % of cases" in found.needed.en
    assert found.seeds_needed is None  # no smallest effect of interest, no number of seeds


def test_later_looks_have_less_to_spend() -> None:
    records = grid(1.0, noise=0.5)
    claim = {"claim": "c", "param": "ot.tau", "metric": METRIC, "expect": "increase"}
    first, third = (
        judge({"hypotheses": [{**claim, "looks": looks}]}, records, {}, {}, Catalog())[0]
        for looks in (0, 2)
    )
    assert third.p == pytest.approx(min(1.0, 25 * first.p))
    assert "at look 3" in third.explanation.en


def test_one_seed_of_a_grid_is_undecided() -> None:
    found = verdict(grid(1.0, seeds=1))
    assert (found.judgement, found.reason) == ("undecided", "no noise")


def test_verdicts_of_noise_keep_their_error_rate() -> None:
    told = [verdict(grid(0.0, rng_seed=i), "increase").judgement for i in range(80)]
    assert told.count("undecided") >= 71  # 5 % of 80 are 4, and 9 with probability 0.02
    none = [verdict(grid(0.0, rng_seed=i), "no_effect").judgement for i in range(80)]
    assert none.count("refuted") <= 9


def test_levels_are_compared_where_all_of_them_were_tried() -> None:
    """A hole in the grid moves no level: the highest lacks the setting with the low values."""
    records = [r for r in grid(1.0, noise=0.0) if r.config_id not in ("10.0-0.15", "10.0-1.0")]
    found = verdict(records)
    assert [round(b - a, 6) for (_, a, _), (_, b, _) in pairwise(found.levels)] == [1.0, 1.0]
    assert [count for _, _, count in found.levels] == [3, 3, 3]


def test_a_random_search_compares_configurations_not_seeds() -> None:
    """Three seeds of each configuration are no three times the evidence."""
    rng = np.random.default_rng(0)
    records = []
    for c in range(12):
        tau, reg, level = rng.uniform(1, 10), rng.uniform(), rng.normal()
        records += [
            trial(
                {METRIC: level + 0.001 * seed},
                id=f"{c}-{seed}",
                config=f"c{c}",
                seed=seed,
                searched={"ot.tau": tau, "ot.reg": reg},
            )
            for seed in range(3)
        ]
    found = verdict(records)
    x = [r.searched["ot.tau"] for r in records[::3]]
    y = [r.last(METRIC) for r in records[::3]]
    expected = stats.kendalltau(x, y)
    slope = stats.theilslopes(y, x)
    assert found.effect == pytest.approx(slope.slope * np.ptp(x))
    assert found.interval is not None
    # The same but for the rounding of a place in the order of slopes, which goes outwards here.
    assert found.interval.low == pytest.approx(slope.low_slope * np.ptp(x), rel=0.1)
    assert found.interval.high == pytest.approx(slope.high_slope * np.ptp(x), rel=0.1)
    assert found.p == pytest.approx(min(1.0, expected.pvalue / 0.8 / 0.8))
    assert found.effect_name == "Sen"
    assert len(found.levels) == 3  # thirds


@pytest.mark.parametrize("count", [8, 18])
def test_of_one_parameter_with_one_seed_configurations_are_compared(count: int) -> None:
    """Drawn at random, or a list: the noise is how they differ beside the trend."""
    levels = tuple(float(10 * i) for i in range(count))
    rising = verdict(grid(3.0, levels=levels, seeds=1, noise=1.0, others=(1.0,)))
    assert (rising.judgement, rising.effect_name) == ("supported", "Sen")
    assert verdict(grid(0.0, levels=levels, seeds=1, others=(1.0,))).judgement == "undecided"
    few = verdict(grid(3.0, levels=levels[:5], seeds=1, others=(1.0,)))
    assert (few.judgement, few.reason) == ("undecided", "no noise")


def test_categories_follow_the_order_of_the_spec() -> None:
    levels = ("low", "middle", "high")
    records = grid(1.0, levels=levels)
    found = verdict(records, "increase", {"ot.tau": {"choice": list(levels)}})
    assert found.judgement == "supported"
    assert [name for name, _, _ in found.levels] == list(levels)
    assert not found.numbers
    backwards = verdict(records, "decrease", {"ot.tau": {"choice": list(reversed(levels))}})
    assert backwards.judgement == "supported"


def test_switches_go_from_off_to_on() -> None:
    assert verdict(grid(1.0, levels=(False, True))).judgement == "supported"


def test_failed_stopped_and_changed_trials_are_left_out() -> None:
    records = grid(1.0)
    metrics, where = {METRIC: 1e9}, {"ot.tau": 1.0, "ot.reg": 1.0}
    odd = [
        trial(metrics, id="f", config="f", seed=9, searched=where, state="failed"),
        trial(metrics, id="s", config="s", searched=where, state="stopped"),
        trial(metrics, id="p", config="p", searched=where, history=[{"step": 1}]),
    ]
    found = verdict(records + odd)
    assert found.failed == (("1", 1),)
    assert "1 trial failed and is left out: 1 at 1." in found.explanation.en
    assert "另有 1 个试验失败，未计入：取值 1 有 1 个。" in found.explanation.zh
    without = verdict(records)
    assert "left out" not in without.explanation.en
    assert replace(found, failed=(), explanation=without.explanation) == without


def test_without_evidence_a_claim_stays_undecided() -> None:
    found = verdict([trial({}, searched={"ot.tau": 1.0})])
    assert found.judgement == "undecided"
    assert math.isnan(found.effect)
    assert "ot.tau" in found.needed.en


def test_a_metric_that_is_the_same_in_every_pair_cannot_depend() -> None:
    """As the training loss on whether evaluation inverts the scale."""
    records = [
        trial(
            {METRIC: float(seed) + 1e-9 * level},
            id=f"c{level}-s{seed}",
            config=f"c{level}",
            seed=seed,
            searched={"ot.tau": level},
        )
        for level in (False, True)
        for seed in range(3)
    ]
    found = verdict(records, "increase")
    assert (found.judgement, found.reason) == ("absent", "identical")
    assert "by construction" in found.explanation.en


def test_a_metric_that_never_moves_leaves_a_claim_undecided() -> None:
    """No success anywhere says nothing about what would help."""
    records = [
        trial({METRIC: 0.0}, id=f"c{n}", config=f"c{n}", seed=n // 2, searched={"ot.tau": n % 2})
        for n in range(16)
    ]
    assert verdict(records).judgement == "undecided"


def test_what_is_searched_of_the_data_counts_too() -> None:
    records = [replace(record, params={}) for record in grid(1.0)]
    assert verdict(records) == verdict(grid(1.0))


def test_holm_runs_over_the_hypotheses() -> None:
    records = grid(0.12, noise=0.2)
    claim = {"claim": "c", "param": "ot.tau", "metric": METRIC, "expect": "increase"}
    alone = judge({"hypotheses": [claim]}, records, {}, {}, Catalog())
    many = judge({"hypotheses": [claim] * 4}, records, {}, {}, Catalog())
    assert many[0].p == pytest.approx(min(1.0, 4 * alone[0].p))
