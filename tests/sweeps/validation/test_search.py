"""A small choice is a grid; what was searched otherwise before goes on as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.execution.edited_spec import followed
from ilsweep.sweeps.search.study import Study
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store import sweep_dir
from tests.sweeps.specs import regression, regression_plan

RATES = {"choice": [0.1, 0.2, 0.3]}
SIX = {"lr": RATES, "batch_size": {"choice": [2, 4]}}
MANY = {"lr": RATES, "batch_size": {"choice": [2, 4, 6]}, "width": {"choice": [8, 16, 32]}}


def plan_of(space: dict[str, Any], **changes: Any) -> Plan:
    return regression_plan(space=space, params={"steps": 40}, **changes)


@pytest.mark.parametrize(
    ("space", "changes", "said"),
    [
        (SIX, {"search": {}}, "search: grid, each of the 6 points once"),
        (SIX, {"search": {"num_trials": 9}},
         "search: grid, each of the 6 points once (9 requested, 6 exist)"),
        (SIX, {"search": {"num_trials": 4}},
         "search: optuna (tpe), 4 of 6 points; search: {algorithm: grid} trains all"),
        (SIX, {"search": {"sampler": "gp"}}, "search: optuna (gp), each of the 6 points once "
         "(10 requested, 6 exist)"),
        (SIX, {"search": {}, "scheduler": {"type": "pbt", "grace_steps": 20}},
         "search: optuna (tpe), each of the 6 points once (10 requested, 6 exist)"),
        (MANY, {"search": {}},
         "search: optuna (tpe), 10 of 27 points; search: {algorithm: grid} trains all"),
        (MANY, {"search": {"num_trials": 27}}, "search: grid, each of the 27 points once"),
        ({**MANY, "lr": {"grid_search": [0.1, 0.2, 0.3]}}, {"search": {}},
         "search: grid, each of the 27 points once"),
        (SIX, {"search": {"algorithm": "random", "num_trials": 1},
               "warm_start": [{"lr": 0.1, "batch_size": 2}]},
         "search: none, 1 configuration of warm_start"),
        ({"lr": {"uniform": [0.1, 0.2]}}, {"search": {}},
         "search: optuna (tpe), 10 configurations of a continuous space"),
        ({"batch_size": {"randint": [1, 4]}}, {"search": {}},
         "search: optuna (tpe), each of the 3 points once (10 requested, 3 exist)"),
    ],
)  # fmt: skip
def test_a_small_choice_is_a_grid(
    space: dict[str, Any], changes: dict[str, Any], said: str
) -> None:
    assert plan_of(space, **changes).search_text == said


def test_the_grid_trains_each_point_once(tmp_path: Path) -> None:
    plan = plan_of(SIX, search={})
    study = Study(plan, tmp_path / "optuna.log", tmp_path / "search.jsonl", [])
    found = [attempts[0].trial.searched for attempts in iter(study.ask, [])]
    assert len(found) == plan.configurations == 6
    assert len({str(point) for point in found}) == 6


def test_a_grid_refuses_fewer_than_it_has() -> None:
    with pytest.raises(SpecError, match=r"a grid has its own number, 6, got 4"):
        plan_of(SIX, search={"algorithm": "grid", "num_trials": 4})


def test_a_folder_of_before_goes_on_with_optuna(tmp_path: Path) -> None:
    """Its manifest says `optuna`, its `spec.yaml` says nothing, edited or not."""
    paths = SweepPaths(tmp_path / "old")
    paths.root.mkdir()
    written = regression(space=SIX, params={"steps": 40}, search={})
    begun = plan_of(SIX, search={"algorithm": "optuna"})
    sweep_dir.describe(begun, paths, ["ilsweep"], "2026-01-01")
    write_atomic(paths.spec, yamlio.dump(written))
    plan = sweep_dir.plan_of(paths)
    assert plan.spec.search.algorithm == "optuna"
    assert followed(plan, paths, []).spec == begun.spec
    write_atomic(paths.spec, yamlio.dump({**written, "question": "Another?"}))
    assert followed(plan, paths, []).spec.search.algorithm == "optuna"


def test_a_new_folder_says_which_it_was(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "new")
    paths.root.mkdir()
    sweep_dir.describe(plan_of(SIX, search={}), paths, ["ilsweep"], "2026-01-01")
    assert yamlio.read(paths.spec)["search"] == {"algorithm": "grid"}
    manifest = read_json(paths.manifest)
    assert manifest["spec"]["search"]["algorithm"] == "grid"
    manifest["spec"]["space"] = MANY
    write_atomic(paths.manifest, to_json(manifest))
    assert sweep_dir.plan_of(paths).configurations == 27
