"""The ranking: its order, its intervals, what it says about ties, failures and early stops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from ilsweep.analysis.headline import headline
from ilsweep.analysis.load.sweep import Sweep
from ilsweep.analysis.metrics.objectives import Objective, episodes, objectives_of, successes
from ilsweep.analysis.ranking.model import Ranking
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.intervals_and_tests import clopper_pearson
from tests.analysis import strategies
from tests.analysis.strategies import trial

SPEC = {"objective": {"metric": "eval/offline_eval/avg_l1", "mode": "min"}}
SUCCESS = {"objective": {"metric": "eval/pc_success", "mode": "max"}}


def config(
    name: str, values: list[float], metric: str = "eval/offline_eval/avg_l1", **more: Any
) -> list[TrialRecord]:
    """One trial a seed, each with its end value and a training loss of the same size."""
    metrics = more.pop("metrics", {})
    return [
        trial(
            {metric: value, "train/loss": value, **metrics},
            id=f"{name}{seed}",
            config=name,
            seed=seed,
            searched={"x": name},
            **more,
        )
        for seed, value in enumerate(values)
    ]


def critical(*trials: str) -> dict[str, set[str]]:
    return {trial_id: {"blind_policy"} for trial_id in trials}


def order(ranking: Ranking) -> list[str]:
    return [row.config_id for row in ranking.rows]


def test_configurations_stand_in_the_order_of_their_objective() -> None:
    records = config("b", [0.5, 0.52]) + config("a", [0.3, 0.31]) + config("c", [0.9, 0.7])
    assert order(rank(records, SPEC, {})) == ["a", "b", "c"]
    assert order(rank(records, {"objective": {**SPEC["objective"], "mode": "max"}}, {})) == [
        "c",
        "b",
        "a",
    ]


def test_an_ill_configuration_never_stands_above_a_healthy_one() -> None:
    records = config("blind", [0.1, 0.1, 0.1]) + config("sees", [0.5, 0.5, 0.5])
    ranking = rank(records, SPEC, critical("blind0", "blind1"))
    assert order(ranking) == ["sees", "blind"]
    sees, blind = ranking.rows
    assert sees.healthy
    assert not blind.healthy
    assert blind.critical == ("blind_policy",)
    assert (sees.loss_rank, blind.loss_rank) == (2, 1)
    assert order(rank(records, SPEC, critical("blind0"))) == ["blind", "sees"]


def test_the_same_loss_is_the_same_place() -> None:
    records = config("a", [0.1, 0.1]) + config("b", [0.1, 0.1]) + config("c", [0.3, 0.3])
    assert [row.loss_rank for row in rank(records, SPEC, {}).rows] == [1, 1, 3]


def test_failures_count_and_are_told() -> None:
    fragile, x = config("fragile", [0.1]), {"x": "fragile"}
    fragile.append(trial({}, id="f1", config="fragile", seed=1, searched=x, state="failed"))
    solid, poor = config("solid", [0.2, 0.2]), config("poor", [0.9, 0.9])
    ranking = rank(fragile + solid + poor, SPEC, {})
    # (0.1 + 0.9) / 2 for the fragile one: its failure counts as the worst value seen.
    assert order(ranking) == ["solid", "fragile", "poor"]
    assert ranking.rows[1].states == {"completed": 1, "failed": 1}
    assert any("1 of 6 trials failed" in note.en for note in ranking.notes)
    mostly = [trial({}, id="f2", config="fragile", seed=2, searched=x, state="failed")]
    assert order(rank(fragile + mostly + poor, SPEC, {})) == ["poor", "fragile"]


def test_values_of_a_shorter_training_do_not_compete() -> None:
    stopped = config("early", [0.1, 0.1], state="stopped")
    ranking = rank(stopped + config("late", [0.4, 0.4]), SPEC, {})
    assert order(ranking) == ["late", "early"]
    assert ranking.comparisons == ()
    assert any("shorter training" in note.en for note in ranking.notes)
    assert ranking.best is not None
    assert ranking.best.config_id == "late"


def test_stopped_ones_stand_by_the_length_that_they_reached() -> None:
    metric = "eval/offline_eval/avg_l1"
    long = trial({metric: [0.9, 0.8]}, id="l", config="long", state="stopped")
    short = trial({metric: [0.5]}, id="s", config="short", state="stopped")
    assert order(rank([short, long], SPEC, {})) == ["long", "short"]


def test_one_seed_has_no_interval_and_says_so() -> None:
    ranking = rank(config("a", [0.1]) + config("b", [0.5]), SPEC, {})
    assert all(row.objective.interval is None for row in ranking.rows)
    (pair,) = ranking.comparisons
    assert (pair.test, pair.significant, pair.p) == ("none", False, 1.0)
    assert any("One seed" in note.en for note in ranking.notes)


def test_seeds_that_are_shared_cancel() -> None:
    luck = np.array([0.0, 1.0, -0.7])
    records = config("a", list(0.5 + luck)) + config("b", list(0.6 + luck + [0, 0.01, 0.02]))
    (pair,) = rank(records, SPEC, {}).comparisons
    assert (pair.above, pair.below, pair.test, pair.n) == ("a", "b", "Tukey", 3)
    assert pair.difference == pytest.approx(0.11)
    assert pair.significant
    differences = np.array([0.1, 0.11, 0.12])
    assert pair.p == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, rel=0.02)


def test_equal_differences_of_two_seeds_are_no_proof() -> None:
    records = [
        r
        for name, values in {"A": [60.0, 90.0], "B": [50.0, 80.0]}.items()
        for r in config(name, values, "eval/pc_success", metrics={"eval/n_episodes": 10.0})
    ]
    ranking = rank(records, SUCCESS, {})
    (pair,) = ranking.comparisons
    assert pair.p > 0.3
    assert not pair.significant
    assert ranking.tied_with_best == ("B",)
    assert ranking.rows[0].objective.interval is not None
    assert ranking.rows[0].objective.interval.high <= 100


def test_a_leader_by_far_stands_alone() -> None:
    """Twelve configurations of three seeds: the noise of all of them is one estimate."""
    rng = np.random.default_rng(2)
    alone = 0
    for _ in range(10):
        records = [
            r
            for i in range(12)
            for r in config(f"c{i:02}", list(50 + 50 * (i == 7) + rng.normal(0, 7, 3)))
        ]
        ranking = rank(records, {"objective": {**SPEC["objective"], "mode": "max"}}, {})
        assert ranking.rows[0].config_id == "c07"
        alone += ranking.tied_with_best == ()
    assert alone >= 7


def test_the_table_and_the_answer_say_the_same_of_the_first() -> None:
    """Of the third, too: it is no neighbour of the first."""
    values = {"a": [90.0, 70.0, 80.0], "b": [80.0, 70.0, 75.0], "c": [60.0, 80.0, 70.0],
              "d": [5.0, 0.0, 10.0], "ill": [95.0, 95.0, 95.0]}  # fmt: skip
    records = [r for name, own in values.items() for r in config(name, own)]
    ill = {r.id: {"blind_policy"} for r in records if r.config_id == "ill"}
    spec = {"objective": {**SPEC["objective"], "mode": "max"}}
    ranking = rank(records, spec, ill)
    against = {row.config_id: row.against_first for row in ranking.rows}
    assert against == {"a": "", "b": "tied", "c": "tied", "d": "worse", "ill": ""}
    assert set(ranking.tied_with_best) == {"b", "c"}
    assert "2 others cannot be separated from it" in headline(ranking)


def test_the_cheapest_of_a_set_is_named() -> None:
    dear, cheap = config("dear", [0.5, 0.52, 0.48]), config("cheap", [0.51, 0.5, 0.49])
    timed = [replace(r, seconds=100.0) for r in dear] + [replace(r, seconds=40.0) for r in cheap]
    ranking = rank(timed, SPEC, {})
    assert ranking.tied_with_best
    assert ranking.cheapest == ("" if ranking.rows[0].config_id == "cheap" else "cheap")


def rollouts(outcomes: list[int]) -> dict[str, float]:
    return {f"eval/episode/{1000 + i}": float(won) for i, won in enumerate(outcomes)}


def test_successes_are_pooled_and_exact() -> None:
    metrics = {"eval/n_episodes": 10.0}
    records = config("a", [90.0, 70.0], "eval/pc_success", metrics=metrics)
    (row,) = rank(records, SUCCESS, {}).rows
    assert row.successes is not None
    assert (row.successes.k, row.successes.n) == (16, 20)
    assert row.successes.by_seed == ((9, 10), (7, 10))
    assert row.successes.interval == clopper_pearson(16, 20)
    # Policies differ by more than their rollouts do: the interval over seeds is its own.
    assert row.successes.across is not None
    assert row.successes.across.low < row.successes.interval.low


def test_shared_episodes_are_compared_in_pairs() -> None:
    a = trial({"eval/pc_success": 100.0, **rollouts([1] * 12)}, id="a", config="a")
    b = trial({"eval/pc_success": 25.0, **rollouts([1] * 3 + [0] * 9)}, id="b", config="b")
    (pair,) = rank([b, a], SUCCESS, {}).comparisons
    assert pair.shared is not None
    assert (pair.shared.wins, pair.shared.losses, pair.shared.pairs) == (9, 0, 12)
    assert pair.shared.p == pytest.approx(2 * 0.5**9)
    # They speak of these two policies. One training seed each says nothing of the configurations.
    assert (pair.test, pair.significant) == ("none", False)


def test_counts_come_from_episodes_then_from_percentages() -> None:
    assert successes(trial(rollouts([1, 0, 1]))) == (2, 3)
    assert episodes(trial(rollouts([1, 0]))) == {"1000": True, "1001": False}
    assert successes(trial({"eval/pc_success": 40.0}, params={"rollouts": 10})) == (4, 10)
    assert successes(trial({"eval/pc_success": 40.0})) is None
    assert successes(trial({"eval/pc_success": 140.0, "eval/n_episodes": 10.0})) is None


def test_the_pareto_front_of_two_objectives() -> None:
    spec = {
        "objective": [
            {"metric": "eval/offline_eval/avg_l1", "mode": "min"},
            {"metric": "eval/pc_success", "mode": "max"},
        ]
    }
    points = {"a": (0.1, 10.0), "b": (0.2, 50.0), "c": (0.3, 40.0), "d": (0.4, 90.0)}
    records = [
        r for n, (e, s) in points.items() for r in config(n, [e], metrics={"eval/pc_success": s})
    ]
    ranking = rank(records, spec, critical("d0"))
    assert {row.config_id for row in ranking.rows if row.pareto} == {"a", "b"}
    assert ranking.rows[0].objectives["eval/pc_success"].value == 10.0


def test_without_a_spec_behaviour_comes_before_losses() -> None:
    logged = [trial({"train/loss": 1.0, "eval/pc_success": 0.0})]
    assert objectives_of({}, logged) == (Objective("eval/pc_success", "max"),)
    assert objectives_of({}, [trial({"train/loss": 1.0})])[0].metric == "train/loss"
    assert objectives_of({}, [])[0].mode == "min"


def test_nothing_to_rank() -> None:
    ranking = rank([], SPEC, {})
    assert ranking.rows == ()
    assert ranking.best is None


@given(strategies.sweeps())
@settings(max_examples=150, deadline=None)
def test_any_records_give_a_whole_table(made: Sweep) -> None:
    with np.errstate(all="ignore"):
        ranking = rank(made.trials, made.spec, critical("t0", "t3"))
    assert [row.rank for row in ranking.rows] == list(range(1, len(ranking.rows) + 1))
    listed = sorted(i for row in ranking.rows for i in (*row.trial_ids, *row.copies))
    assert listed == sorted(record.id for record in made.trials)
    health = [["healthy", "not probed", "ill"].index(row.health) for row in ranking.rows]
    assert health == sorted(health)


# ---- health

SEES = {"probe/shuffled_action_change": 0.5}


def succeeding(name: str, rates: list[float], **more: Any) -> list[TrialRecord]:
    return config(name, rates, "eval/pc_success", metrics={"eval/n_episodes": 20.0, **more})


def test_seeds_that_were_never_probed_are_not_healthy_ones() -> None:
    """Two stopped seeds beside a critical one, as a scheduler leaves them."""
    found = succeeding("good", [50.0, 55.0, 45.0], **SEES)
    half = succeeding("half", [60.0, 10.0, 10.0])
    half = [replace(half[0], state="completed"), *(replace(r, state="stopped") for r in half[1:])]
    ranking = rank(found + half, SUCCESS, {"half0": {"diverged"}})
    assert order(ranking) == ["good", "half"]
    assert [row.health for row in ranking.rows] == ["healthy", "ill"]


def test_what_was_not_probed_stands_apart() -> None:
    found = succeeding("seen", [30.0, 35.0, 25.0], **SEES)
    unseen = succeeding("unseen", [70.0, 75.0, 65.0])
    ranking = rank(found + unseen, SUCCESS, {})
    assert order(ranking) == ["seen", "unseen"]
    assert ranking.rows[1].health == "not probed"
    assert ranking.comparisons == ()
    assert any("1 configuration not probed" in note.en for note in ranking.notes)
    # A sweep without any probe has nothing to go by but behaviour.
    assert order(rank(succeeding("a", [30.0]) + succeeding("b", [70.0]), SUCCESS, {})) == ["b", "a"]


def test_behaviour_comes_before_probes() -> None:
    """80 % of success in every seed is no worse for a probe that says "blind"."""
    good = succeeding("good", [80.0, 80.0, 80.0], **SEES)
    lucky = succeeding("lucky", [30.0], **SEES)
    blind: dict[str, set[str]] = {f"good{i}": {"blind_policy"} for i in range(3)}
    ranking = rank(good + lucky, SUCCESS, blind)
    assert order(ranking) == ["good", "lucky"]
    assert ranking.rows[0].disputed == ("blind_policy",)
    assert any("probe and behaviour disagree" in note.en for note in ranking.notes)
    # What went wrong in training stays, and so does a finding that success does not contradict.
    assert order(rank(good + lucky, SUCCESS, {i: {"diverged"} for i in blind})) == ["lucky", "good"]
    poor = succeeding("poor", [15.0, 20.0, 10.0], **SEES)
    assert order(rank(poor + lucky, SUCCESS, {f"poor{i}": {"blind_policy"} for i in range(3)})) == [
        "lucky",
        "poor",
    ]


def test_lesions_are_told_where_probe_and_behaviour_disagree() -> None:
    lesions = {"eval/lesion/black_images/pc_success": 75.0, "eval/lesion/n_episodes": 8.0}
    good = succeeding("good", [80.0] * 3, **SEES, **lesions)
    ranking = rank(good, SUCCESS, {f"good{i}": {"blind_policy"} for i in range(3)})
    assert any("black_images 18/24" in note.en for note in ranking.notes)
