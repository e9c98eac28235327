"""Verdicts on hypotheses: right on data made with a known truth, silent where they must be."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.inference.hypotheses import Verdict, judge
from ilsweep.analysis.inference.search_space import domains_of
from ilsweep.analysis.metrics.lookup import Catalog
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.effects import level_effect
from tests.analysis.strategies import trial

METRIC = "eval/offline_eval/avg_l1"
SUCCESS = "eval/pc_success"


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
    (found,) = judge(spec, records, domains_of(spec, [r.searched for r in records]), {}, Catalog())
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


def sweep(
    means: Any, noise: float = 5.0, seeds: int = 5, episodes: int | None = None, rng_seed: int = 0
) -> list[TrialRecord]:
    """`a` by `b` by seeds, around `means` (levels of a, levels of b)."""
    rng = np.random.default_rng(rng_seed)
    table = np.asarray(means, np.float64)[:, :, None] + noise * rng.normal(
        size=(*np.shape(means), seeds)
    )
    more = {} if episodes is None else {"eval/n_episodes": float(episodes)}
    return [
        trial(
            {SUCCESS: float(value), **more},
            id=f"c{i}-{j}-s{s}",
            config=f"c{i}-{j}",
            seed=s,
            searched={"a": float(i), "b": float(j)},
        )
        for (i, j, s), value in np.ndenumerate(table)
    ]


def of(
    records: list[TrialRecord], expect: str, sensitive: bool | None = None, **more: Any
) -> Verdict:
    claim = {"claim": "c", "param": "a", "metric": SUCCESS, "expect": expect, **more}
    (found,) = judge({"hypotheses": [claim]}, records, {}, {}, Catalog(), sensitive)
    return found


FLAT = np.full((3, 2), 50.0)
B_MATTERS = FLAT + [[-20.0, 20.0]] * 3


@pytest.mark.parametrize("expect", ["no_effect", "increase"])
def test_absence_needs_a_sweep_that_could_have_seen_an_effect(expect: str) -> None:
    assert of(sweep(FLAT, 3.0), expect).judgement == "undecided"
    assert of(sweep(FLAT, 3.0), expect).reason == "within"
    shown = of(sweep(B_MATTERS, 3.0), expect)
    assert (shown.judgement, shown.shown_by) == ("absent", "b")
    assert of(sweep(FLAT, 3.0), expect, sensitive=True).judgement == "absent"
    # And a smallest effect that the noise does not hide.
    assert of(sweep(B_MATTERS, 3.0), expect, smallest_effect=1.0).judgement == "undecided"


def test_a_failed_control_lets_nothing_be_concluded() -> None:
    steep = FLAT + np.array([[-30.0], [0.0], [30.0]])
    assert of(sweep(steep), "increase").judgement == "supported"
    found = of(sweep(steep), "increase", sensitive=False)
    assert found.judgement == "not testable"
    assert "control failed" in found.explanation.en


@pytest.mark.parametrize("seeds", [3, 5])
def test_an_optimum_inside_is_no_absence(seeds: int) -> None:
    arch = B_MATTERS + np.array([[-10.0], [10.0], [-10.0]])
    for expect in ("no_effect", "increase", "decrease"):
        found = of(sweep(arch, 4.0, seeds), expect)
        assert (found.judgement, found.reason, found.inside) == ("refuted", "inside", "1")


@pytest.mark.parametrize("rate", [0.002, 0.01, 0.03, 0.97, 0.998])
@pytest.mark.parametrize("expect", ["no_effect", "increase"])
def test_at_a_floor_and_at_a_ceiling_nothing_is_concluded(rate: float, expect: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        table = 5.0 * rng.binomial(20, rate, (4, 3, 3))
        records = [
            trial(
                {SUCCESS: float(v), "eval/n_episodes": 20.0},
                id=f"c{i}-{j}-s{s}",
                config=f"c{i}-{j}",
                seed=s,
                searched={"a": float(i), "b": float(j)},
            )
            for (i, j, s), v in np.ndenumerate(table)
        ]
        assert of(records, expect, sensitive=True).judgement == "not testable"


def test_a_threshold_that_nobody_crosses_is_not_testable() -> None:
    def probed(values: list[float]) -> Verdict:
        metric = "probe/shuffled_action_change"
        records = [
            trial({metric: v + 1e-4 * s}, id=f"{i}-{s}", config=f"{i}", seed=s, searched={"a": i})
            for i, v in enumerate(values)
            for s in range(3)
        ]
        claim = {"claim": "c", "param": "a", "metric": metric, "expect": "increase"}
        return judge({"hypotheses": [claim]}, records, {}, resolve({}), Catalog())[0]

    assert probed([0.019, 0.020, 0.022]).judgement == "not testable"
    assert probed([0.019, 0.120, 0.322]).judgement == "supported"


def test_copies_of_two_runs_stay_two_runs() -> None:
    records = [
        trial({SUCCESS: 40.0 + i % 2}, id=f"c{i}", config=f"c{i}", searched={"a": float(i % 2)})
        for i in range(10)
    ]
    assert of(records, "increase").judgement == "undecided"


@pytest.mark.parametrize("others", [1, 3, 6])
def test_a_parameter_that_does_nothing_is_no_further_evidence(others: int) -> None:
    """The noise of a level and a seed comes back in every setting of the other parameter."""
    rng = np.random.default_rng(others)
    decided = 0
    for _ in range(100):
        noise = 5 * rng.normal(size=(4, 1, 3)) + 0.01 * rng.normal(size=(4, others, 3))
        records = [
            trial({SUCCESS: 50 + float(v)}, id=f"c{i}-{j}-s{s}", config=f"c{i}-{j}", seed=s,
                  searched={"a": float(i), "b": float(j)})
            for (i, j, s), v in np.ndenumerate(noise)
        ]  # fmt: skip
        decided += of(records, "increase").judgement != "undecided"
    assert decided <= 11  # 5 of 100 are promised; 12 come with probability 0.004


def test_the_seeds_that_would_decide_are_named_and_decide() -> None:
    """Whether there is nothing or the smallest effect of interest, 10 points; either as often."""
    told = []
    for i in range(30):
        rise = 5.0 * (i % 2) * np.arange(3)[:, None]
        whole = sweep(FLAT + rise, 12.0, 60, rng_seed=i)

        def judged(seeds: int, whole: list[TrialRecord] = whole) -> Verdict:
            few = [record for record in whole if (record.seed or 0) < seeds]
            return of(few, "increase", sensitive=True)

        first = judged(3)
        if first.seeds_needed is not None:
            assert first.seeds_needed > 3
            assert f"{first.seeds_needed} seeds" in first.needed.en
            told.append(judged(first.seeds_needed).judgement)
    assert len(told) >= 15
    assert told.count("undecided") <= 0.4 * len(told)


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


# ---- the effect of the levels


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
    size = np.sum(stats.t.ppf([0.975, 0.8], 6)) * error
    tables = rng.normal(0, noise, (500, 3, 4)) + size * np.arange(3)[:, None] / 2
    found = [level_effect(table) for table in tables]
    assert np.mean([f.p < 0.05 for f in found if f]) == pytest.approx(0.8, abs=0.06)
    assert np.mean([f.error for f in found if f]) == pytest.approx(error, rel=0.1)
    assert found[0] is not None
    assert found[0].visible() == pytest.approx(
        np.sum(stats.t.ppf([0.975, 0.8], 6)) * found[0].error
    )


def test_equal_differences_of_counts_are_no_proof() -> None:
    """Two seeds of ten episodes each: one more success in both is a tie of chance."""
    records = [
        trial({SUCCESS: 50.0 + 10 * i + 20 * s, "eval/n_episodes": 10.0}, id=f"c{i}-s{s}",
              config=f"c{i}", seed=s, searched={"a": float(i)})
        for i in range(2) for s in range(2)
    ]  # fmt: skip
    found = of(records, "increase")
    assert found.judgement == "undecided"
    assert found.p > 0.3
    assert level_effect(np.array([[5.0, 5.0], [6.0, 6.0]])) is None
