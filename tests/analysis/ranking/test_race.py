"""A race as its records tell it: who is out, what comes next, how the ranking goes by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

import pytest

from ilsweep.analysis.ranking.model import Race
from ilsweep.analysis.ranking.race import of_every_configuration, race_of
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.records.model import TrialRecord
from tests.analysis.strategies import trial

METRIC = "eval/pc_success"
RACE = {"at_least": 2, "at_most": 6, "smallest_effect": None, "finalists": None}


def spec(**seeds: Any) -> dict[str, Any]:
    return {"seeds": {**RACE, **seeds}, "objective": {"metric": METRIC, "mode": "max"}}


def trials(values: Mapping[str, Sequence[float]], **also: float) -> list[TrialRecord]:
    """Configurations with the successes of their seeds in percent."""
    return [
        trial({METRIC: value, "eval/n_episodes": 50.0, **also}, id=f"{name}-s{seed}", config=name,
              seed=seed, searched={"x": name})
        for name, seeds in values.items()
        for seed, value in enumerate(seeds)
    ]  # fmt: skip


def raced(
    found: Sequence[TrialRecord], critical: Mapping[str, Set[str]] | None = None, **seeds: Any
) -> Race:
    race = race_of(found, spec(**seeds), critical or {})
    assert race is not None
    return race


def test_a_list_of_seeds_is_no_race() -> None:
    assert race_of(trials({"a": [50, 60]}), {"seeds": [0, 1]}, {}) is None


def test_the_next_seed_is_due_to_those_that_are_left() -> None:
    race = raced(trials({"a": [80, 84], "b": [82, 78], "c": [10, 14]}))
    assert race.rounds[0].left == ("a", "b")
    assert race.due == (("a", 2), ("b", 2))
    assert (race.trained, race.not_run, race.ended) == (6, 12, "")


def test_first_seeds_come_first() -> None:
    race = raced(trials({"a": [80, 84], "b": [82]}))
    assert race.due == (("b", 1),)
    assert not race.rounds


def test_one_that_is_ill_is_out_whatever_it_scores() -> None:
    found = trials({"a": [60, 64], "b": [62, 58], "ill": [90, 94]})
    critical = {f"ill-s{seed}": {"diverged"} for seed in (0, 1)}
    assert raced(found, critical).rounds[0].left == ("a", "b")


def test_where_nothing_succeeds_nothing_is_decided_by_more_seeds() -> None:
    race = raced(trials({"a": [0, 0], "b": [0, 0]}))
    assert race.ended == "none fit"
    assert not race.due


def test_only_finalists_go_on() -> None:
    race = raced(trials({"a": [80, 84], "b": [82, 78], "c": [79, 80]}), finalists=2)
    assert race.rounds[0].left == ("a", "b")


def test_a_seed_that_fails_counts_as_the_worst() -> None:
    """c would lead by its other seed; 10 is the worst that any ended with."""
    found = trials({"a": [60, 62], "b": [60, 61], "c": [64, 0], "d": [10, 12]})
    found[5] = trial(id="c-s1", config="c", seed=1, searched={"x": "c"}, state="failed")
    race = raced(found, smallest_effect=1000.0)
    assert race.ended == "small differences"
    assert [row.config_id for row in rank(found, spec(), {}).rows] == ["a", "b", "c", "d"]


def test_equal_successes_by_luck_leave_the_noise_of_their_episodes() -> None:
    assert raced(trials({"a": [80, 80], "b": [78, 78]})).rounds[0].left == ("a", "b")


def test_who_stayed_longer_stands_above_a_lucky_start() -> None:
    """The leader comes down with more seeds, under the mean of one that is out."""
    values = {"a": [90, 92, 60, 58, 62, 60], "b": [88, 90, 62, 64, 61, 60], "c": [74, 72]}
    ranking = rank(trials(values), spec(), {})
    means = {row.config_id: row.objective.value for row in ranking.rows}
    assert means["c"] > means["a"]
    assert [row.config_id for row in ranking.rows][-1] == "c"
    assert ranking.race is not None
    assert ranking.race.ended == "all seeds"
    assert not any(pair.below == "c" for pair in ranking.comparisons)


def test_claims_go_by_the_seeds_that_all_have() -> None:
    found = trials({"a": [90, 92, 60], "b": [74, 72]})
    assert [t.id for t in of_every_configuration(found, spec())] == [
        "a-s0", "a-s1", "b-s0", "b-s1"
    ]  # fmt: skip
    assert of_every_configuration(found, {"seeds": [0, 1, 2]}) == found


def test_the_first_one_tried_is_compared_by_the_seeds_that_both_have() -> None:
    values = {"c0000": [40, 44], "c0001": [80, 84, 82], "c0002": [82, 78, 76], "c0003": [20, 26]}
    ranking = rank(trials(values), spec(), {})
    assert [row.config_id for row in ranking.rows][2:] == ["c0000", "c0003"]
    (first_tried,) = ranking.baselines
    assert first_tried.config_id == "c0000"
    assert first_tried.probability > 0.9


@pytest.mark.parametrize(
    "seeds", [{"at_least": 0}, {"at_least": "2"}, {"at_most": None}, {"at_most": 2}]
)
def test_rules_that_are_none_are_no_race(seeds: dict[str, Any]) -> None:
    assert rank(trials({"a": [50, 60]}), spec(**seeds), {}).rows
