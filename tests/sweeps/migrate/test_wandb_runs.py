"""A half-finished W&B sweep: its finished points are tried first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.migrate.wandb_sweep import from_wandb_sweep
from ilsweep.sweeps.validation.validate import check

SWEEP = """
program: train.py
method: bayes
metric: {name: val_loss, goal: minimize}
parameters:
  lr: {distribution: log_uniform_values, min: 1.0e-5, max: 1.0e-2}
  batch_size: {values: [8, 16, 32]}
  aug: {values: [true, false]}
  config: {values: [a, b]}
  optimizer: {parameters: {momentum: {min: 0.1, max: 0.9}}}
"""
HEAD = "Name,State,Sweep,aug,batch_size,config,lr,optimizer.momentum,_step,val_loss\n"
GOOD = "one,finished,s,true,8,a,0.001,0.5,100,0.3\n"
BETTER = "two,finished,s,false,16,b,0.0001,0.9,100,0.25\n"


def drafted(folder: Path, rows: str, *more: str, sweep: str = SWEEP) -> tuple[dict[str, Any], str]:
    (folder / "train.py").touch()
    (folder / "sweep.yaml").write_text(sweep)
    (folder / "runs.csv").write_text(HEAD + rows)
    draft = from_wandb_sweep(folder / "sweep.yaml", [str(folder / "runs.csv"), *more])
    return draft.spec, "\n".join(draft.notes)


def test_finished_points_are_tried_first_the_best_before_all(tmp_path: Path) -> None:
    spec, said = drafted(tmp_path, GOOD + BETTER)
    points = [
        {"lr": 0.0001, "batch_size": 16, "aug": False, "script_config": "b",
         "optimizer.momentum": 0.9},
        {"lr": 0.001, "batch_size": 8, "aug": True, "script_config": "a",
         "optimizer.momentum": 0.5},
    ]  # fmt: skip
    assert spec["warm_start"] == points
    assert check(spec, here=True).warm_start == points
    assert "2 finished configurations are tried first" in said


def test_what_cannot_be_a_point_is_said(tmp_path: Path) -> None:
    spec, said = drafted(
        tmp_path,
        GOOD
        + "three,crashed,s,true,8,a,0.001,0.6,7,0.1\n"
        + "four,finished,s,true,8,a,0.5,0.6,100,0.1\n"
        + "five,finished,s,true,8,a,,0.6,100,0.1\n",
    )
    assert len(spec["warm_start"]) == 1
    for reason in ("did not finish", "a lr outside of its space", "without a value of lr"):
        assert f"1 run {reason}" in said or f"1 run with {reason}" in said


def test_a_search_has_room_beside_them(tmp_path: Path) -> None:
    rows = "".join(f"r{i},finished,s,true,8,a,0.00{i},0.5,100,0.3\n" for i in range(1, 9))
    assert drafted(tmp_path, rows)[0]["search"]["num_trials"] == 16
    capped = SWEEP + "run_cap: 30\n"
    assert drafted(tmp_path, rows, sweep=capped)[0]["search"]["num_trials"] == 30


@pytest.mark.parametrize(
    ("rows", "more", "said"),
    [
        (GOOD.replace("finished", "failed"), "", "1 did not finish"),
        (GOOD, "nothing.csv", "cannot be read"),
        (GOOD, "train.py", "is empty"),
    ],
)
def test_runs_that_are_none_are_refused(tmp_path: Path, rows: str, more: str, said: str) -> None:
    with pytest.raises(FolderError, match=said):
        drafted(tmp_path, rows, *([str(tmp_path / more)] if more else []))


def test_offline_runs_of_a_folder(tmp_path: Path) -> None:
    import wandb  # noqa: PLC0415 - slow to load, and of this test alone

    (tmp_path / "home").mkdir()
    settings = wandb.Settings(mode="offline", console="off", silent=True, disable_git=True,
                              x_disable_stats=True, x_disable_meta=True)  # fmt: skip
    config = {"lr": 0.002, "batch_size": 32, "aug": True, "config": "a",
              "optimizer": {"momentum": 0.2}}  # fmt: skip
    run = wandb.init(project="p", id="off1", dir=tmp_path / "home", config=config,
                     settings=settings)  # fmt: skip
    run.log({"val_loss": 0.1}, step=5)
    run.finish()
    wandb.teardown()  # its service writes the end after `finish`, and would serve later tests, too
    spec, _ = drafted(tmp_path, GOOD, str(tmp_path / "home"))
    assert [point["lr"] for point in spec["warm_start"]] == [0.002, 0.001]


def test_a_point_of_a_capped_grid_is_one_of_its_rows(tmp_path: Path) -> None:
    grid = "\nprogram: train.py\nmethod: grid\nrun_cap: 4\nmetric: {name: val_loss}\nparameters:\n"
    grid += "  aug: {values: [true, false]}\n  batch_size: {values: [8, 16, 32]}\n"
    last = GOOD.replace("one", "three").replace("true,8", "false,32")
    spec, said = drafted(tmp_path, GOOD + last, sweep=grid)
    assert spec["space"] == {
        "aug, batch_size": {"choice": [[True, 8], [True, 16], [True, 32], [False, 8]]}
    }
    assert spec["warm_start"] == [{"aug": True, "batch_size": 8}]
    assert "1 run with a row of aug, batch_size that is not tried" in said
