"""A folder that the version before wrote still opens: `version_0_1`, a sweep in Meta-World.

Written on 2026-11-25 by version 0.1, before the package was called `ilsweep`; its checkpoints,
reports and pictures are left out.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.sweeps.cli.main import main

WRITTEN = Path(__file__).with_name("version_0_1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WRITTEN, tmp_path / "push"))


def test_its_trials_are_read_whole(folder: Path) -> None:
    sweep = read_sweep(folder)
    assert {trial.id for trial in sweep.trials} == {"c0000-s0", "c0000-s1", "c0001-s0", "c0001-s1"}
    for trial in sweep.trials:
        rows = (folder / "trials" / trial.id / "metrics.jsonl").read_text().splitlines()
        assert trial.state == "completed"
        assert trial.steps == json.loads(rows[-1])["step"] == 400
        assert trial.searched == {"lr_backbone": trial.params["lr_backbone"]}
        assert len(trial.curve("train/loss")) == 20


def test_every_command_that_looks_opens_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["status"], ["diagnose"], ["report"], ["next"]):
        assert main([command[0], str(folder)]) == 0, command
    capsys.readouterr()
    assert main(["rank", str(folder), "--json"]) == 0
    ranked = json.loads(capsys.readouterr().out)["rows"]
    found = {row["searched"]["lr_backbone"]: row["objective"]["value"] for row in ranked}
    assert found == {0.001: 50.0, 0.0: 22.5}


def test_it_is_finished_and_nothing_of_it_is_run_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in folder.glob("trials/*/*")}
    assert main(["status", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["states"] == {"completed": 4}
    assert {path: path.read_bytes() for path in folder.glob("trials/*/*")} == before
