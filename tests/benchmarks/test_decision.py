"""The benchmark of decisions: its own numbers by hand, and its rules where all is clear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from benchmarks.decision.__main__ import Found, geometric, grid_errors, seeds_of_grid, wrong_choices
from benchmarks.decision.record import KEPT, METRICS, SEEDS, SPECS, points
from benchmarks.decision.rules import (
    RULES,
    TRUSTED,
    Trained,
    f_race,
    friedman_survivors,
    our_race,
)
from benchmarks.decision.scenarios import MOST, Draws, Scenario, recorded, scenarios
from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.sweeps.validation.validate import check

VALUES = np.repeat([[10.0], [50.0], [90.0], [20.0]], MOST, axis=1)
CLEAR = Trained(VALUES + np.tile([1.0, -1.0], MOST // 2), episodes=0, effect=2.0)


@pytest.mark.parametrize("name", RULES)
def test_where_all_is_clear_every_rule_finds_the_best(name: str) -> None:
    choice = RULES[name](CLEAR, np.random.default_rng(0))
    assert choice.chosen == 2
    assert choice.trainings <= 4 * 20


def test_trainings_are_counted_as_they_are_begun() -> None:
    rng = np.random.default_rng(0)
    for at_least in (2, 3):
        assert our_race(at_least, 20, effect=False)(CLEAR, rng).trainings == 4 * at_least
    assert f_race(CLEAR, rng).trainings == 4 * 5
    assert f_race(replace(CLEAR, values=CLEAR.values[[1, 2]]), rng).trainings == 2 * 5


def test_of_many_with_one_seed_a_quarter_gets_the_second() -> None:
    many = np.repeat(10.0 * np.arange(16)[:, None], MOST, axis=1)
    noise = np.random.default_rng(0).normal(size=many.shape)
    choice = our_race(1, 20, effect=True)(Trained(many + noise, 0, 2.0), np.random.default_rng(0))
    assert (choice.chosen, choice.trainings) == (15, 16 + 4)


def test_the_friedman_test_is_scipys() -> None:
    """Nobody is out below the level, and somebody above it."""
    rng, seen = np.random.default_rng(1), set()
    for effect in np.linspace(0, 2, 30):
        table = np.round(rng.normal(size=(4, 6)) + effect * np.arange(4)[:, None])
        significant = stats.friedmanchisquare(*table).pvalue < TRUSTED
        assert significant or friedman_survivors(table).all()
        seen.add((bool(significant), bool(friedman_survivors(table).all())))
    assert (True, False) in seen


def test_a_grid_is_interpolated_between_its_seeds() -> None:
    errors = np.array([0.5, 0.3, 0.1, 0.1])
    assert seeds_of_grid(errors, 0.6) == 1
    assert seeds_of_grid(errors, 0.2) == pytest.approx(2.5)
    assert seeds_of_grid(errors, 0.1) == 3
    assert seeds_of_grid(errors, 0.05) == MOST
    assert Found("s", 0.2, 2.0, 2.5, easy=False).ratio == pytest.approx(0.8)
    assert geometric([0.5, 2.0])[0] == pytest.approx(1)


def test_a_choice_within_the_tolerance_is_not_wrong() -> None:
    draws = Draws(np.array([[0.0, 1.5, 4.0]] * 3), np.zeros((3, 3, MOST)), 3.0)
    assert wrong_choices(draws, np.array([0, 1, 2])) == pytest.approx(1 / 3)


def test_a_scenario_is_as_it_says() -> None:
    draws = Scenario("s", 4, 10.0, leads=10.0, episodes=200).draw(np.random.default_rng(0), 400)
    assert draws.values[:, 1:].mean() == pytest.approx(60, abs=1)
    assert draws.values[:, 0].mean() == pytest.approx(70, abs=1)
    assert draws.values[:, 1].std(axis=1).mean() == pytest.approx(10.5, abs=0.5)
    errors = grid_errors(draws)
    assert errors[0] > errors[9] > errors[-1]
    assert len({scenario.name for scenario in scenarios()}) == len(list(scenarios()))


def test_the_recorded_tables_are_whole() -> None:
    """Every seed of every configuration that the specs name; of kept sweeps those of their page."""
    found = {one.name.rpartition(" of ")[2]: one.table for one in recorded()}
    for name, spec in SPECS.items():
        for metric in METRICS:
            assert found[f"{name}, {metric}"].shape == (len(points(check(spec))), SEEDS)
    assert {name: found[f"{name}, {SUCCESS}"].shape for name in KEPT} == {
        "act-blind-policy": (4, 4), "bc-loss-jump": (16, 4), "rdt-position-scale": (8, 4),
        "reflow-padding": (8, 4),
    }  # fmt: skip
    assert all(np.isfinite(table).all() for table in found.values())
