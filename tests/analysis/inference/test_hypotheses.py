"""Verdicts on hypotheses: right on data made with a known truth, undecided where it is not."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ilsweep.analysis.inference.hypotheses import Verdict, judge
from ilsweep.analysis.inference.search_space import domains_of
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.stratified_tau import association, fewest_points, fieller, tau_variance
from tests.analysis.strategies import trial

METRIC = "eval/offline_eval/avg_l1"


def grid(
    effect: float,
    *,
    levels: tuple[Any, ...] = (1.0, 5.0, 10.0),
    seeds: int = 3,
    noise: float = 0.1,
    others: tuple[float, ...] = (0.15, 1.0, 2.0),
    rng_seed: int = 0,
) -> list[TrialRecord]:
    """`tau` moves the metric by `effect` a level; `reg` and the seed move it much more."""
    rng = np.random.default_rng(rng_seed)
    luck = rng.normal(0, 2, seeds)
    return [
        trial(
            {METRIC: effect * i + 10 * reg + luck[seed] + noise * rng.normal()},
            id=f"{level}-{reg}-{seed}",
            config=f"{level}-{reg}",
            seed=seed,
            searched={"ot.tau": level, "ot.reg": reg},
        )
        for i, level in enumerate(levels)
        for reg in others
        for seed in range(seeds)
    ]


def verdict(
    records: list[TrialRecord], expect: str = "increase", space: dict[str, Any] | None = None
) -> Verdict:
    claim = {"claim": "c", "param": "ot.tau", "metric": METRIC, "expect": expect}
    spec = {"hypotheses": [claim], "space": space or {}}
    (found,) = judge(spec, records, domains_of(spec, [r.searched for r in records]))
    return found


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
    assert found.effect == pytest.approx(math.copysign(1.0, effect), abs=0.1)
    assert found.difference == pytest.approx(2 * effect, abs=0.2)
    assert found.interval is not None
    assert found.effect in found.interval
    assert (found.trials, found.seeds) == (27, 3)
    assert found.needed.en == ""


def test_noise_is_undecided_and_says_what_it_would_take() -> None:
    found = verdict(grid(0.0, others=(1.0,)))
    assert found.judgement == "undecided"
    assert "seeds" in found.needed.en
    assert found.needed.zh


def test_many_trials_without_an_effect_support_none_and_refute_a_claim() -> None:
    records = grid(0.0, seeds=12, noise=1.0, others=(0.1, 0.3, 0.6, 1.0, 1.5, 2.0))
    assert verdict(records, "no_effect").judgement == "supported"
    assert verdict(records, "increase").judgement == "refuted"


def test_verdicts_of_noise_keep_their_error_rate() -> None:
    """No movement makes "it increases" false: only "supported" is wrong."""
    told = [verdict(grid(0.0, rng_seed=i), "increase").judgement for i in range(80)]
    assert told.count("supported") <= 9  # 5 % of 80 are 4, and 9 with probability 0.02
    none = [verdict(grid(0.0, rng_seed=i), "no_effect").judgement for i in range(80)]
    assert none.count("refuted") <= 9


def test_three_seeds_of_two_by_two_decide_two_claims() -> None:
    """Six pairs, all one way: p is 1/64 on the side that the claim named, 1/32 after Holm."""
    records = grid(1.0, levels=(0.1, 10.0), others=(0.15, 2.0))
    claims = [
        {"claim": "c", "param": param, "metric": METRIC, "expect": "increase"}
        for param in ("ot.tau", "ot.reg")
    ]
    both = judge({"hypotheses": claims}, records, {})
    assert len(both) == 2
    for found in both:
        assert found.judgement == "supported"
        assert found.p == pytest.approx(1 / 32, rel=0.2)
        assert found.interval is not None
        assert found.interval.low == pytest.approx(2 * 0.025 ** (1 / 6) - 1)  # 6 of 6, exact
        assert "one-sided" in found.explanation.en


def test_levels_are_compared_where_all_of_them_were_tried() -> None:
    """A hole in the grid moves no level: the highest lacks the setting with the low values."""
    records = [r for r in grid(1.0, noise=0.0) if r.config_id not in ("10.0-0.15", "10.0-1.0")]
    found = verdict(records)
    assert [round(b - a, 6) for (_, a, _), (_, b, _) in pairwise(found.levels)] == [1.0, 1.0]
    assert [count for _, _, count in found.levels] == [3, 3, 3]


def test_one_wild_trial_does_not_turn_the_levels_round() -> None:
    records = grid(1.0, levels=(0.1, 10.0), others=(0.15,), seeds=9)
    wild = records[0]
    records[0] = replace(wild, curves=trial({METRIC: 1e6}).curves)
    found = verdict(records)
    assert found.effect > 0
    assert found.difference > 0


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
    assert found.effect == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue / 2)
    assert verdict(records, "no_effect").p == pytest.approx(expected.pvalue)
    assert len(found.levels) == 3  # thirds


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
        trial(metrics, id="f", config="f", searched=where, state="failed"),
        trial(metrics, id="s", config="s", searched=where, state="stopped"),
        trial(metrics, id="p", config="p", searched=where, history=[{"step": 1}]),
    ]
    assert verdict(records + odd) == verdict(records)


def test_without_evidence_a_claim_stays_undecided() -> None:
    found = verdict([trial({}, searched={"ot.tau": 1.0})])
    assert found.judgement == "undecided"
    assert math.isnan(found.effect)
    assert "ot.tau" in found.needed.en


@pytest.mark.parametrize(
    ("expect", "judgement"),
    [("increase", "refuted"), ("decrease", "refuted"), ("no_effect", "supported")],
)
def test_a_metric_that_is_the_same_in_every_pair_does_not_depend(
    expect: str, judgement: str
) -> None:
    """As the training loss on whether evaluation inverts the scale."""
    records = [
        trial(
            {METRIC: float(seed)},
            id=f"c{level}-s{seed}",
            config=f"c{level}",
            seed=seed,
            searched={"ot.tau": level},
        )
        for level in (False, True)
        for seed in range(6)
    ]
    assert verdict(records, expect).judgement == judgement
    assert verdict(records[:5] + records[6:11], expect).judgement == "undecided"


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
    alone = judge({"hypotheses": [claim]}, records, {})
    many = judge({"hypotheses": [claim] * 4}, records, {})
    assert many[0].p == pytest.approx(min(1.0, 4 * alone[0].p))


# ---- stratified association


def test_one_block_is_scipys_tau_b() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 4, 40).astype(float), rng.normal(size=40)
    found = association(x, y, np.zeros(40, np.int64))
    expected = stats.kendalltau(x, y)
    assert found.tau == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)


def test_variance_of_the_concordance_is_that_of_its_permutations() -> None:
    rng = np.random.default_rng(0)
    x, y = np.array([0.0, 0, 1, 1, 2, 2, 2, 3]), np.array([0.0, 1, 1, 2, 2, 3, 3, 4])
    i, j = np.triu_indices(8, 1)
    side = np.sign(x[i] - x[j])
    scores = [np.sign(z[i] - z[j]) @ side for z in (rng.permutation(y) for _ in range(20000))]
    assert tau_variance(x, y) == pytest.approx(np.var(scores), rel=0.05)


@pytest.mark.parametrize(("blocks", "points"), [(5, 4), (60, 3), (3, 20)])
def test_blocks_cancel_and_the_error_rate_holds(blocks: int, points: int) -> None:
    rng = np.random.default_rng(blocks)
    block = np.repeat(np.arange(blocks), points)
    x = np.tile(np.arange(points, dtype=np.float64), blocks)
    shift = 5.0 * rng.normal(size=blocks)[block]
    p = [association(x, shift + rng.normal(size=len(x)), block).p for _ in range(60)]
    assert np.mean(np.array(p) < 0.05) < 0.15
    assert association(x, shift + x + 0.1 * rng.normal(size=len(x)), block).p < 0.01


def test_fiellers_interval_covers() -> None:
    rng = np.random.default_rng(0)
    rho = 0.5
    truth = 2 / math.pi * math.asin(rho)
    hits = 0
    for _ in range(200):
        x, z = rng.normal(size=(2, 30))
        tau = stats.kendalltau(x, rho * x + math.sqrt(1 - rho**2) * z).statistic
        interval = fieller(tau, 30)
        assert interval is not None
        hits += truth in interval
    assert hits / 200 > 0.89
    assert fieller(0.5, 5) is None


@pytest.mark.parametrize("size", [2, 3, 4])
def test_a_perfect_order_of_the_fewest_points_is_just_significant(size: int) -> None:
    points = fewest_points(np.repeat(np.arange(2), size), 0.05)
    assert points % size == 0

    def p(blocks: int) -> float:
        return 2 / math.factorial(size) ** blocks

    assert p(points // size) <= 0.05 < p(points // size - 1)
    assert fewest_points(np.zeros(3, np.int64), 0.05) == 5  # 2 / 5! is 0.017, 2 / 4! is 0.083


def test_pairs_of_two_seeds_cannot_decide_and_say_so() -> None:
    found = verdict(grid(1.0, levels=(1.0, 10.0), seeds=2, others=(1.0,)))
    assert found.judgement == "undecided"
    assert found.effect == 1.0
    assert "10 trials" in found.needed.en  # five pairs, one side: 1 / 2^5 is 0.031
