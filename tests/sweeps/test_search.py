"""The study hears what happened: states, values over seeds, intermediates; also after a kill."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from ray.tune.search import Searcher

from analysis.records import Curve, TrialRecord
from sweeps.search import Ghost, Study, UnitSearcher, remember, scheduler
from sweeps.spec import Plan
from tests.sweeps.specs import regression_plan

METRIC = "eval/loss"


def result(step: int, value: float, state: str = "running") -> dict[str, Any]:
    return {"step": step, "state": state, "objective": value, "metrics": {METRIC: value}}


class Sweep:
    """Drives a searcher as Tune would."""

    def __init__(self, path: Path, **changes: Any) -> None:
        self.path = path / "optuna.log"
        self.plan: Plan = regression_plan(**changes)
        self.study = Study(self.plan, self.path, [])
        self.searcher = UnitSearcher(self.study, [], self.plan.configurations)

    def start(self, tune_id: str) -> dict[str, Any]:
        config = self.searcher.suggest(tune_id)
        assert isinstance(config, dict)
        return config

    def stored(self) -> list[optuna.trial.FrozenTrial]:
        storage = JournalStorage(JournalFileBackend(str(self.path)))
        return optuna.load_study(study_name="small", storage=storage).trials


def test_seeds_are_one_unit_and_its_mean_is_told(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, seeds=[4, 5])
    first, second = sweep.start("a"), sweep.start("b")
    assert (first["config_id"], first["seed"]) == ("c0000", 4)
    assert (second["config_id"], second["seed"]) == ("c0000", 5)
    assert first["searched"] == second["searched"]
    assert sweep.start("c")["config_id"] == "c0001"
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


def test_one_failed_seed_leaves_the_others_to_judge(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, seeds=[0, 1])
    sweep.start("a")
    sweep.start("b")
    sweep.searcher.on_trial_complete("a", {"step": 3, "state": "failed"})
    sweep.searcher.on_trial_complete("b", result(40, 0.25, "completed"))
    told = sweep.stored()[0]
    assert (told.state, told.value) == (TrialState.COMPLETE, 0.25)
    assert told.user_attrs["c0000-s0"] == "failed"


def test_it_ends_after_the_asked_number(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, seeds=[0, 1])
    ids = [sweep.start(str(i))["id"] for i in range(6)]
    assert ids == [f"c000{c}-s{s}" for c in range(3) for s in (0, 1)]
    assert sweep.searcher.suggest("x") == Searcher.FINISHED


def record(config: str, seed: int, state: Any, value: float, searched: Any) -> TrialRecord:
    import numpy as np

    curve = Curve(np.array([20, 40]), np.array([value + 1, value]))
    return TrialRecord(
        id=f"{config}-s{seed}", config_id=config, seed=seed, params={}, searched=searched,
        state=state, attempt=1, curves={METRIC: curve},
    )  # fmt: skip


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
    study = Study(plan, path, records)
    rest = study.unfinished(records)
    assert [(trial.id, trial.attempt) for trial in rest] == [("c0001-s1", 2)]
    searcher = UnitSearcher(study, rest, plan.configurations)
    config = searcher.suggest("a")
    assert isinstance(config, dict)
    assert (config["id"], config["attempt"], config["searched"]) == ("c0001-s1", 2, {"lr": 0.02})
    searcher.on_trial_complete("a", result(40, 5.0, "completed"))
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
        seen.add(searched["lr"])
        sweep.searcher.on_trial_complete(str(i), result(40, searched["lr"], "completed"))
    assert len(seen) > 10
    assert all(trial.state == TrialState.COMPLETE for trial in sweep.stored())


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


@pytest.mark.parametrize("kind", ["asha", "median"])
def test_a_scheduler_judges_by_trials_of_earlier_sessions(kind: str) -> None:
    plan = regression_plan(scheduler={"type": kind, "grace_steps": 20})
    records = [record(f"c000{i}", 0, "completed", 0.1, {"lr": 0.01}) for i in range(6)]
    fresh, resumed = scheduler(plan), scheduler(plan)
    remember(resumed, plan, records)
    for judge, expected in ((fresh, "CONTINUE"), (resumed, "STOP")):
        bad = Ghost("bad")
        controller = SimpleNamespace(get_live_trials=list)
        judge.on_trial_add(controller, bad)
        assert judge.on_trial_result(controller, bad, result(20, 50.0)) == expected
