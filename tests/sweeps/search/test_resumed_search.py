"""A search that was interrupted at any moment draws the points of one that was not."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.store import sweep_dir
from tests.sweeps.simulated import Simulated, bowl
from tests.sweeps.specs import regression_plan

SPACE = {"lr": {"loguniform": [1e-3, 0.3]}, "width": {"choice": [4, 8, 16]}}
WAYS: dict[str, dict[str, Any]] = {
    "random": {"search": {"algorithm": "random", "num_trials": 6}},
    "tpe": {"search": {"sampler": "tpe", "num_trials": 14}},
    "gp": {"search": {"sampler": "gp", "num_trials": 12}},
    "cmaes": {"search": {"sampler": "cmaes", "num_trials": 12}},
    "qmc": {"search": {"sampler": "qmc", "num_trials": 6}},
    "nsgaii": {"search": {"sampler": "nsgaii", "num_trials": 6}},
    "grid": {
        "search": {"algorithm": "grid"},
        "space": {"lr": {"grid_search": [0.1, 0.2]}, "width": {"choice": [4, 8]}},
    },
    "warm": {"warm_start": [{"lr": 0.1}, {"lr": 0.01, "width": 8}],
             "search": {"num_trials": 4}},
    "small": {"search": {"num_trials": 9},
              "space": {"batch_size": {"randint": [1, 4]}, "width": {"choice": [4, 8, 16]}}},
    "normal": {"space": {"batch_size": {"qrandn": [40, 4, 2]}, "lr": {"quniform": [0.1, 1, 0.1]}},
               "search": {"num_trials": 6}},
}  # fmt: skip


def loss(searched: Mapping[str, Any], seed: int) -> float:
    """One corner of the space fails."""
    return math.nan if searched.get("lr", 1) < 3e-3 else bowl(searched, seed)


def sweep(root: Path, seeds: int = 1, **changes: Any) -> Simulated:
    space = changes.pop("space", SPACE)
    params = {"steps": 40, "log_every": 10, "eval_every": 20, "save_every": 20}
    plan = regression_plan(space=space, params=params, seeds=list(range(seeds)), **changes)
    root.mkdir(parents=True)
    sweep_dir.describe(plan, SweepPaths(root), ["ilsweep"], "2026-01-01")
    return Simulated(root, plan, loss)


def heard(paths: SweepPaths) -> list[tuple[Any, ...]]:
    """What Optuna holds of each draw."""
    storage = JournalStorage(JournalFileBackend(str(paths.optuna)))
    trials = optuna.load_study(study_name="small", storage=storage).trials
    return [(t.params, t.state, t.values, t.intermediate_values) for t in trials]


@pytest.mark.parametrize(
    ("seeds", "first", "stride"),
    [(1, 13, 37), *(pytest.param(n, 0, 1, marks=pytest.mark.slow) for n in (1, 2))],
)
@pytest.mark.parametrize("way", WAYS)
def test_interrupted_at_any_moment_it_is_what_it_would_have_been(
    tmp_path: Path, way: str, seeds: int, first: int, stride: int
) -> None:
    whole = sweep(tmp_path / "whole", seeds, **WAYS[way])
    assert whole.run()
    expected, told = whole.points(), heard(whole.paths)
    for cut in range(first, whole.tick, stride):
        again = sweep(tmp_path / f"cut-{cut}", seeds, **WAYS[way])
        assert not again.run(cut)
        assert again.run()
        assert again.points() == expected, cut
        assert heard(again.paths) == told, cut
        shutil.rmtree(again.paths.root)


def test_interrupted_again_and_again(tmp_path: Path) -> None:
    whole = sweep(tmp_path / "whole", **WAYS["small"])
    assert whole.run()
    often = sweep(tmp_path / "often", **WAYS["small"])
    sessions = 1
    while not often.run(9):
        sessions += 1
        assert sessions < 100
    assert sessions > 5
    assert often.points() == whole.points()


def test_with_several_slots_nothing_is_lost_or_trained_twice(tmp_path: Path) -> None:
    """The order of ends is part of the history there: other points may be drawn."""
    for cut in range(5, 60, 25):
        busy = sweep(tmp_path / str(cut), 2, **WAYS["tpe"])
        busy.slots = 3
        busy.run(cut)
        before = busy.points()
        assert busy.run()
        after = busy.points()
        assert len(after) == 28
        assert all(after[name][0] == point[0] for name, point in before.items())
        assert len({str(searched) for searched, _, _ in after.values()}) == 14


def test_an_empty_folder_of_a_trial_was_never_begun(tmp_path: Path) -> None:
    """An early Ctrl-C leaves one, and every `resume` ended there."""
    early = sweep(tmp_path / "early", **WAYS["random"])
    early.run(2)
    (early.paths.trials / "c0003-s0").mkdir(parents=True)
    (early.paths.trials / "c0004-s0").mkdir()
    write_atomic(early.paths.trial("c0004-s0").record, to_json({"state": "running"}))
    assert early.run()
    assert len(early.points()) == 6
    assert {trial[1] for trial in early.points().values()} <= {"completed", "failed"}


def test_imported_runs_beside_a_sweep_are_left_alone(tmp_path: Path) -> None:
    mixed = sweep(tmp_path / "mixed", **WAYS["random"])
    mixed.run(8)
    foreign = mixed.paths.trial("m55wsgj6").params
    content = {"config_id": "config-1", "seed": 3, "imported": {"id": "m55wsgj6"}}
    write_atomic(foreign, to_json(content))
    assert mixed.run()
    assert len(mixed.points()) == 6
    assert read_json(foreign) == content


def test_a_folder_of_a_version_without_the_log_goes_on(tmp_path: Path) -> None:
    old = sweep(tmp_path / "old", **WAYS["tpe"])
    old.run(40)
    before = old.points()
    old.paths.search.unlink()
    assert old.run()
    after = old.points()
    assert len(after) == 14
    assert {name: after[name][0] for name in before} == {n: p[0] for n, p in before.items()}
    assert old.run()
    assert old.points() == after


def test_a_torn_last_line_costs_that_draw_alone(tmp_path: Path) -> None:
    torn = sweep(tmp_path / "torn", **WAYS["random"])
    torn.run(30)
    with torn.paths.search.open("ab") as file:
        file.write(b'{"asked": "c00')
    assert torn.run()
    assert len(torn.points()) == 6
