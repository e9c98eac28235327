"""What the first of the ranking may be called, where little is known of others or of success."""

from __future__ import annotations

import math

import pytest

from ilsweep.analysis.headline import headline
from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.metrics.objectives import successes
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.records.model import TrialRecord
from tests.analysis.strategies import trial

SPEC = {"objective": {"metric": SUCCESS, "mode": "max"}}


def runs(*rates: float) -> list[TrialRecord]:
    """Imported runs of one seed each, of which the log says a rate (nan: none) and no more."""
    return [
        trial({SUCCESS: rate, "train/loss": 1.0}, id=f"r{i}", config=f"r{i}", searched={"x": i})
        for i, rate in enumerate(rates)
    ]


def told(*rates: float) -> str:
    return headline(rank(runs(*rates), SPEC, {}))


def test_the_only_one_with_a_value_is_not_called_the_best() -> None:
    assert told(60.0, math.nan, math.nan).startswith("r0 (x = 0) is the only one with a value")
    assert "only one with a value" not in told(60.0, 20.0, math.nan)
    assert told(60.0).startswith("r0 (x = 0) is the only configuration: ")


@pytest.mark.parametrize("rates", [(0.0, 0.0), (0.0, math.nan)])
def test_a_rate_of_nothing_is_no_success_though_no_episode_was_counted(
    rates: tuple[float, ...],
) -> None:
    ranking = rank(runs(*rates), SPEC, {})
    assert ranking.best is None
    assert not ranking.nothing_works  # which says of how many episodes
    assert "no episode of it succeeded" in headline(ranking)


@pytest.mark.parametrize(
    ("percent", "episodes", "known"),
    [
        (60.0, 1, None),  # one rollout printed of those that the rate is of
        (50.0, 1, None),
        (33.0, 3, (1, 3)),  # written in whole per cent
        (66.667, 3, (2, 3)),
        (98.4, 500, (492, 500)),
        (0.0, 7, (0, 7)),
        (0.3, 10, None),  # a share in place of a percentage
        (0.3, 1000, (3, 1000)),
    ],
)
def test_episodes_that_contradict_the_rate_are_not_counted(
    percent: float, episodes: int, known: tuple[int, int] | None
) -> None:
    assert successes(trial({SUCCESS: percent, "eval/n_episodes": episodes})) == known


def test_episodes_of_another_rate_than_the_objective_are_named() -> None:
    target = "probe/target_pc_success"
    seen = {target: 5.0, SUCCESS: 60.0, "eval/n_episodes": 10.0}
    trials = [trial(seen, id=f"r{i}", config=f"r{i}", searched={"x": i}) for i in range(2)]
    by_target = headline(rank(trials, {"objective": {"metric": target, "mode": "max"}}, {}))
    assert f", {SUCCESS}: 6 of 10 episodes succeed" in by_target
    assert ", 6 of 10 episodes succeed" in headline(rank(trials, SPEC, {}))


@pytest.mark.parametrize("metric", [SUCCESS, "probe/target_pc_success", "probe/pc_success/1"])
def test_the_interval_of_a_success_rate_stays_within_0_to_100(metric: str) -> None:
    seen = [
        trial({metric: rate}, id=f"r{i}", config="r", seed=i, searched={"x": 0})
        for i, rate in enumerate((68.0, 88.0, 100.0))
    ]
    (row,) = rank(seen, {"objective": {"metric": metric, "mode": "max"}}, {}).rows
    assert row.objective.interval is not None
    assert row.objective.interval.high == 100.0
