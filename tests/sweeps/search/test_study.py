"""The study hears what happened: states, values over seeds, intermediates; also after a kill."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from ray.tune.search import Searcher

from ilsweep.analysis.ranking.rank import rank
from ilsweep.sweeps.execution.searcher import StudySearcher
from ilsweep.sweeps.search.study import Study
from tests.sweeps.search.told import METRIC, Sweep, record, result
from tests.sweeps.specs import regression_plan


def test_seeds_are_one_unit_and_its_mean_is_told(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, seeds=[4, 5])
    first, second = sweep.start("a"), sweep.start("b")
    assert (first["trial"].config_id, first["trial"].seed) == ("c0000", 4)
    assert (second["trial"].config_id, second["trial"].seed) == ("c0000", 5)
    assert first["searched"] == second["searched"]
    assert sweep.start("c")["trial"].config_id == "c0001"
    for trial, final in (("a", 1.0), ("b", 3.0)):
        sweep.searcher.on_trial_result(trial, result(20, final + 1))
        sweep.searcher.on_trial_complete(trial, result(40, final, "completed"))
    told = sweep.stored()[0]
    assert told.state == TrialState.COMPLETE
    assert told.value == 2.0
    assert told.intermediate_values == {20: 3.0, 40: 2.0}
    assert told.user_attrs["config_id"] == "c0000"
    assert sweep.stored()[1].state == TrialState.RUNNING


def test_a_trial_that_the_scheduler_stopped_is_pruned(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    sweep.start("a")
    sweep.searcher.on_trial_complete("a", result(20, 0.5))
    told = sweep.stored()[0]
    assert told.state == TrialState.PRUNED
    assert told.intermediate_values == {20: 0.5}


@pytest.mark.parametrize("how", ["recorded", "worker lost", "not finite"])
def test_a_trial_that_failed_is_a_failure(tmp_path: Path, how: str) -> None:
    sweep = Sweep(tmp_path)
    sweep.start("a")
    if how == "recorded":
        sweep.searcher.on_trial_complete("a", {"step": 3, "state": "failed"})
    elif how == "worker lost":
        sweep.searcher.on_trial_complete("a", error=True)
    else:
        sweep.searcher.on_trial_complete("a", result(40, math.nan, "completed"))
    assert sweep.stored()[0].state == TrialState.FAIL


def test_a_failed_seed_counts_as_the_worst_value_so_far(tmp_path: Path) -> None:
    """As the ranking counts it, so that a configuration gains nothing by failing."""
    sweep = Sweep(tmp_path, seeds=[0, 1], search={"num_trials": 4})
    ends = [(0.5, 2.0), (None, 0.25), (None, None), (9.0, None)]
    for i, pair in enumerate(ends):
        for seed, final in enumerate(pair):
            name = f"{i}-{seed}"
            sweep.start(name)
            sweep.searcher.on_trial_complete(
                name, {"step": 3, "state": "failed"} if final is None
                else result(40, final, "completed")
            )  # fmt: skip
    told = sweep.stored()
    assert [trial.value for trial in told] == [1.25, (0.25 + 2.0) / 2, None, 9.0]
    assert told[1].user_attrs["c0001-s0"] == "failed"
    assert told[2].state == TrialState.FAIL


def test_what_optuna_hears_is_what_the_ranking_says(tmp_path: Path) -> None:
    """Ten seeds: an interquartile mean there, and here."""
    sweep = Sweep(tmp_path, seeds=list(range(10)), search={"num_trials": 2})
    finals = [0.1, 0.2, 0.2, 0.3, 0.3, 0.3, 0.4, 0.4, 0.5, 40.0]
    for i in range(20):
        sweep.start(str(i))
        final = finals[i % 10] + (0.05 if i > 9 else 0)
        sweep.searcher.on_trial_complete(str(i), result(40, final, "completed"))
    ranking = rank(
        [record(f"c000{i // 10}", i % 10, "completed", finals[i % 10] + (0.05 if i > 9 else 0),
                {"lr": 0.1 + i // 10}) for i in range(20)],
        {"objective": {"metric": METRIC, "mode": "min"}}, {},
    )  # fmt: skip
    assert [t.value for t in sweep.stored()] == [row.objective.value for row in ranking.rows]


def test_a_last_value_that_is_not_finite_leaves_the_one_before(tmp_path: Path) -> None:
    """As the records say it, so that a resumed sweep tells the same."""
    sweep = Sweep(tmp_path)
    sweep.start("a")
    sweep.searcher.on_trial_result("a", result(20, 0.5))
    sweep.searcher.on_trial_complete("a", result(40, math.nan, "completed"))
    told = sweep.stored()[0]
    assert (told.state, told.value) == (TrialState.COMPLETE, 0.5)


def test_it_ends_after_the_asked_number(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, seeds=[0, 1])
    ids = [sweep.start(str(i))["trial"].id for i in range(6)]
    assert ids == [f"c000{c}-s{s}" for c in range(3) for s in (0, 1)]
    assert sweep.searcher.suggest("x") == Searcher.FINISHED


def test_a_resumed_study_agrees_with_the_records(tmp_path: Path) -> None:
    plan = regression_plan(seeds=[0, 1])
    records = [
        record("c0000", 0, "completed", 1.0, {"lr": 0.01}),
        record("c0000", 1, "completed", 2.0, {"lr": 0.01}),
        record("c0001", 0, "stopped", 3.0, {"lr": 0.02}),
        record("c0001", 1, "running", 4.0, {"lr": 0.02}),
    ]
    path = tmp_path / "optuna.log"
    path.write_text('{"torn')
    study = Study(plan, path, tmp_path / "search.jsonl", records)
    rest = study.unfinished(records)
    assert [(attempt.trial.id, attempt.number) for attempt in rest] == [("c0001-s1", 2)]
    searcher = StudySearcher(study, rest, plan.configurations)
    config = searcher.suggest("a")
    assert isinstance(config, dict)
    assert (config["trial"].id, config["attempt"], config["searched"]) == (
        "c0001-s1",
        2,
        {"lr": 0.02},
    )
    searcher.on_trial_complete("a", result(40, 5.0, "completed"))
    searcher.tell_ended()
    storage = JournalStorage(JournalFileBackend(str(path)))
    told = optuna.load_study(study_name="small", storage=storage).trials
    assert [trial.state for trial in told] == [TrialState.COMPLETE, TrialState.PRUNED]
    assert told[0].value == 1.5
    assert [round(trial.params["lr"], 12) for trial in told] == [0.01, 0.02]
    assert isinstance(searcher.suggest("b"), dict)


def test_warm_starts_come_first(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, warm_start=[{"lr": 0.125}, {"lr": 0.25}])
    assert [sweep.start(str(i))["searched"]["lr"] for i in range(2)] == [0.125, 0.25]


def test_a_grid_gives_each_point_once(tmp_path: Path) -> None:
    space = {"lr": {"grid_search": [0.1, 0.2]}, "batch_size": {"choice": [4, 8]}}
    sweep = Sweep(tmp_path, space=space, search={"algorithm": "grid"})
    points = [tuple(sweep.start(str(i))["searched"].values()) for i in range(4)]
    assert sorted(points) == [(0.1, 4), (0.1, 8), (0.2, 4), (0.2, 8)]


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes", "qmc", "nsgaii"])
def test_every_sampler_searches(tmp_path: Path, sampler: str) -> None:
    sweep = Sweep(tmp_path, search={"sampler": sampler, "num_trials": 14},
                  space={"lr": {"loguniform": [1e-3, 0.3]},
                         "batch_size": {"randint": [1, 9]}})  # fmt: skip
    seen = set()
    for i in range(14):
        searched = sweep.start(str(i))["searched"]
        seen.add(str(searched))
        sweep.searcher.on_trial_complete(str(i), result(40, searched["lr"], "completed"))
    assert len(seen) == 14
    assert [trial.state for trial in sweep.stored()] == [TrialState.COMPLETE] * 14


def test_several_objectives_are_told_together(tmp_path: Path) -> None:
    objective = [{"metric": METRIC, "mode": "min"}, {"metric": "train/loss", "mode": "max"}]
    sweep = Sweep(tmp_path, objective=objective, search={"sampler": "nsgaii", "num_trials": 2})
    for trial in ("a", "b"):
        sweep.start(trial)
    values = {METRIC: 1.0, "train/loss": 2.0}
    final = {"step": 40, "state": "completed", "objective": 1.0, "metrics": values}
    sweep.searcher.on_trial_complete("a", final)
    sweep.searcher.on_trial_complete("b", {**final, "state": "running"})
    first, second = sweep.stored()
    assert (first.state, first.values) == (TrialState.COMPLETE, [1.0, 2.0])
    assert second.state == TrialState.PRUNED


SMALL = {"batch_size": {"randint": [1, 3]}, "lr": {"choice": [0.1, 0.2]}}


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes", "qmc", "nsgaii", "random"])
@pytest.mark.parametrize("ahead", [False, True])
def test_no_point_is_trained_twice(tmp_path: Path, sampler: str, ahead: bool) -> None:
    """Four points: whatever the sampler proposes, each is trained once, and then it is over."""
    how = {"algorithm": "random"} if sampler == "random" else {"sampler": sampler}
    sweep = Sweep(tmp_path, space=SMALL, search={**how, "num_trials": 10})
    assert (sweep.plan.configurations, sweep.plan.requested, sweep.plan.points) == (4, 10, 4)
    points = []
    for i in range(4):
        points.append(sweep.start(str(i))["searched"])
        if not ahead:
            sweep.searcher.on_trial_complete(str(i), result(40, float(i), "completed"))
    assert len({str(point) for point in points}) == 4
    assert sweep.searcher.suggest("x") == Searcher.FINISHED
    for i in range(4 if ahead else 0):
        sweep.searcher.on_trial_complete(str(i), result(40, float(i), "completed"))
    values = {str(t.params): t.value for t in sweep.stored() if t.number < 100}
    assert sorted(v for v in values.values() if v is not None) == [0.0, 1.0, 2.0, 3.0]
    for told in sweep.stored():  # a repeated draw hears what is known
        assert (told.state, told.value) == (TrialState.COMPLETE, values[str(told.params)])


def test_values_that_train_the_same_are_one_point(tmp_path: Path) -> None:
    """Seen by the configuration that the trainer makes of them, with several parameters, too."""
    space = {"width": {"choice": [4, 8]}, "lr": {"choice": [0.1, 0.2]}}
    sweep = Sweep(tmp_path, trainer="tests.sweeps.points:Ignores", space=space,
                  params={"steps": 40}, search={"num_trials": 4})  # fmt: skip
    assert sweep.plan.configurations == 4
    assert sorted(sweep.start(str(i))["searched"]["width"] for i in range(3)) == [4, 8, 8]
    assert sweep.searcher.suggest("x") == Searcher.FINISHED


def test_warm_starts_that_repeat_are_trained_once(tmp_path: Path) -> None:
    points = [{"lr": 0.125}, {"lr": 0.125}, {"lr": 0.25}]
    sweep = Sweep(tmp_path, warm_start=points, search={"num_trials": 2})
    assert [sweep.start(str(i))["searched"]["lr"] for i in range(2)] == [0.125, 0.25]
    assert sweep.searcher.suggest("x") == Searcher.FINISHED


def test_a_grid_with_warm_starts_has_each_point_once(tmp_path: Path) -> None:
    space = {"lr": {"grid_search": [0.1, 0.2]}, "batch_size": {"choice": [4, 8]}}
    sweep = Sweep(tmp_path, space=space, search={"algorithm": "grid"},
                  warm_start=[{"lr": 0.2, "batch_size": 4}])  # fmt: skip
    points = [tuple(sweep.start(str(i))["searched"].values()) for i in range(4)]
    assert points == [(0.2, 4), (0.1, 4), (0.1, 8), (0.2, 8)]
    assert sweep.searcher.suggest("x") == Searcher.FINISHED


def test_each_point_of_a_grid_gets_its_draws(tmp_path: Path) -> None:
    space = {"lr": {"grid_search": [0.1, 0.2]}, "batch_size": {"randint": [1, 4]}}
    sweep = Sweep(tmp_path, space=space, search={"algorithm": "random", "num_trials": 9})
    assert sweep.plan.trials == 6
    points = {tuple(sweep.start(str(i))["searched"].values()) for i in range(6)}
    assert points == {(lr, batch) for lr in (0.1, 0.2) for batch in (1, 2, 3)}


@pytest.mark.parametrize("algorithm", ["grid", "random", "optuna"])
@pytest.mark.parametrize("values", [[1, True], [0, False, "0", [0], "[0]"]])
def test_equal_but_different_values_are_all_tried(
    tmp_path: Path, algorithm: str, values: list[Any]
) -> None:
    sweep = Sweep(tmp_path, trainer="tests.sweeps.points:Anything", params={"steps": 40},
                  space={"x": {"choice": values}}, search={"algorithm": algorithm})  # fmt: skip
    tried = [sweep.start(str(i))["searched"]["x"] for i in range(len(values))]
    assert sorted(map(json.dumps, tried)) == sorted(map(json.dumps, values))
    assert sweep.searcher.suggest("x") == Searcher.FINISHED


class TestPopulation:
    """A member's value belongs to the parameters that it had at the time."""

    def sweep(self, path: Path) -> Sweep:
        how = {"type": "pbt", "grace_steps": 20, "perturb_every": 20}
        sweep = Sweep(path, seeds=[0, 1], scheduler=how, search={"num_trials": 2})
        for trial in ("a", "b"):
            sweep.start(trial)
            sweep.searcher.on_trial_result(trial, result(20, 3.0))
        return sweep

    def end(self, sweep: Sweep) -> optuna.trial.FrozenTrial:
        for trial in ("a", "b"):
            sweep.searcher.on_trial_complete(trial, result(40, 0.5, "completed"))
        return sweep.stored()[0]

    def test_an_unchanged_one_has_its_value(self, tmp_path: Path) -> None:
        assert self.end(self.sweep(tmp_path)).value == 0.5

    def test_a_changed_one_keeps_what_it_reported_before(self, tmp_path: Path) -> None:
        sweep = self.sweep(tmp_path)
        sweep.study.changed("c0000", 1, 20)
        told = self.end(sweep)
        assert told.state == TrialState.PRUNED
        assert told.intermediate_values == {20: 3.0}

    def test_the_records_say_the_same(self, tmp_path: Path) -> None:
        sweep = self.sweep(tmp_path)
        history = [{"step": 0, "searched": {"lr": 0.1}}, {"step": 40, "searched": {"lr": 0.02}}]
        records = [record("c0000", seed, "completed", 2.0, {"lr": 0.1}) for seed in (0, 1)]
        records[1] = replace(records[1], history=history)
        Study(sweep.plan, sweep.path, tmp_path / "none.jsonl", records)
        told = sweep.stored()[0]
        assert told.state == TrialState.PRUNED
        assert told.intermediate_values == {20: 3.0}

    def test_an_interrupted_one_goes_on_with_what_it_had_become(self, tmp_path: Path) -> None:
        sweep = self.sweep(tmp_path)
        history = [{"step": 0, "searched": {"lr": 0.1}}, {"step": 40, "searched": {"lr": 0.02}}]
        records = [record("c0000", seed, "running", 2.0, {"lr": 0.1}) for seed in (0, 1)]
        records[1] = replace(records[1], history=history)
        study = Study(sweep.plan, sweep.path, tmp_path / "none.jsonl", records)
        assert [a.trial.searched["lr"] for a in study.unfinished(records)] == [0.1, 0.02]
