"""W&B's table of runs in its three forms: parameters, last values, states."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.analysis.importers.logs import imported, write

WORKSPACE = (
    '"Name","State","Tags","Created","Runtime","Sweep","aug","lr","opt.momentum","_step",'
    '"success_rate","val_loss"\n'
    '"calm-1","finished","","2026-05-01","60","s1","true","0.001","0.5","100","0.5","0.3"\n'
    '"calm-2","crashed","","2026-05-01","60","s1","false","0.1","0.9","7","","nan"\n'
)
BY_THE_GUIDE = (
    ",summary,config,name\n"
    "0,\"{'_step': 100, 'val_loss': 0.3, 'success_rate': 0.5}\","
    "\"{'lr': 0.001, 'aug': True, 'opt': {'momentum': 0.5}}\",calm-1\n"
)
BY_THE_API = json.dumps(
    [
        {
            "id": "calm-1",
            "name": "calm-1",
            "state": "finished",
            "config": {"lr": {"value": 0.001}, "aug": True, "opt": {"momentum": 0.5}},
            "summary": {"_step": 100, "val_loss": 0.3, "success_rate": 0.5, "_wandb": {}},
        }
    ]
)


@pytest.mark.parametrize(
    ("name", "text"),
    [("wandb_export.csv", WORKSPACE), ("project.csv", BY_THE_GUIDE), ("runs.json", BY_THE_API)],
)
def test_a_run_is_its_parameters_and_its_last_values(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, {name: text})
    found = imported(tmp_path, name)["calm-1"]
    assert found.params == {"lr": 0.001, "aug": True, "opt.momentum": 0.5}
    assert (found.state, found.steps) == ("completed", 100)
    assert (found.last("eval/eval_loss"), found.last("eval/pc_success")) == (0.3, 50.0)
    assert set(found.curves) == {"eval/eval_loss", "eval/pc_success"}


def test_a_crash_is_one_and_is_told_apart(tmp_path: Path) -> None:
    write(tmp_path, {"runs.csv": WORKSPACE})
    found = imported(tmp_path, "runs.csv")
    assert [trial.state for trial in found.values()] == ["completed", "failed"]


def test_runs_of_one_name_stay_apart(tmp_path: Path) -> None:
    write(tmp_path, {"runs.csv": WORKSPACE.replace("calm-2", "calm-1")})
    notes: list[str] = []
    assert set(imported(tmp_path, "runs.csv", notes=notes)) == {"calm-1", "calm-1-2"}
    assert sum("no course of training is known" in note for note in notes) == 1
