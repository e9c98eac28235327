"""`data: {source: lerobot}` in a spec, and `ilsweep export`, as a user meets them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.sweeps.cli import main
from ilsweep.sweeps.spec import yamlio
from ilsweep.trainers.envs.aloha.export import export
from tests.trainers.tiny import tiny_demonstrations

PARAMS = {
    "steps": 4, "batch_size": 4, "log_every": 2, "rollouts": 0, "chunk_size": 4, "dim": 16,
    "heads": 2, "feedforward": 16,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a data set `cube` in it."""
    monkeypatch.setenv("ILSWEEP_CACHE", str(tmp_path / "cache"))
    export(tiny_demonstrations(), tmp_path / "cube")
    return tmp_path


def spec(folder: Path, **changed: Any) -> Path:
    content = {
        "name": "cube",
        "trainer": "act",
        "data": {"source": "lerobot", "root": "cube"},
        "params": PARAMS,
        "space": {"kl_weight": {"grid_search": [1.0, 10.0]}},
        "objective": {"metric": "eval/offline_eval/avg_l1", "mode": "min"},
        "search": {"algorithm": "grid"},
    }
    path = folder / "spec.yaml"
    path.write_text(yamlio.dump({**content, **changed}))
    return path


def test_a_data_set_is_meant_from_its_spec(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir("/")
    assert main.main(["validate", str(spec(folder))]) == 0
    assert "2 trials of act" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"params": {**PARAMS, "rollouts": 3}},
         "params.rollouts: a data set has no simulator, got 3; valid: 0"),
        ({"trainer": "bc", "params": {"steps": 4, "rollouts": 0}, "space": {}},
         "params.replays: a data set has no simulator, got 1; valid: 0"),
        ({"params": {**PARAMS, "control": "ee"}},
         "params.control: not a way to command the data's robot, got 'ee'; valid: joint"),
        ({"space": {"rollouts": {"choice": [0, 5]}}, "search": {"num_trials": 2},
          "params": {k: v for k, v in PARAMS.items() if k != "rollouts"}},
         "space.rollouts: a data set has no simulator, got 5; valid: 0"),
        ({"data": {"source": "lerobot", "root": "cube", "state": "joints"}},
         "data.state: not in the data set, got 'joints'; valid: observation.state, action"),
        ({"data": {"source": "lerobot"}},
         "data.root: is missing; valid: a folder with meta/info.json in it"),
        ({"data": {"source": "lerobot", "root": "cube", "camera": "top"}},
         "data.camera: unknown key, got 'camera'; valid: cameras"),
        ({"space": {"data.episodes": {"choice": [4, 60]}}, "search": {"num_trials": 2}},
         "space.data.episodes: more than the data set has, got 60; valid: at most 6"),
        ({"data": {"source": "hub"}}, "data.source: unknown, got 'hub'; "
         "valid: aloha, gym, lerobot, metaworld, or module:Class of your own"),
        ({"trainer": "rdt", "params": {"steps": 4, "rollouts": 0}, "space": {}},
         "data.source: rdt needs data that say which numbers are positions, rotations, joints "
         "and grippers, got lerobot"),
        ({"trainer": "reflow", "params": {"steps": 4, "rollouts": 0, "teacher_rollouts": 3},
          "space": {}},
         "params.teacher_rollouts: a data set has no simulator, got 3; valid: 0"),
        ({"trainer": "tests.sweeps.odd:Asks", "params": {"rollouts": 0, "group": {"tries": 2}},
          "space": {}},
         "params.group.tries: a data set has no simulator, got 2; valid: 0"),
        ({"trainer": "act_ot", "params": {"steps": 4, "rollouts": 0}, "space": {}},
         "data.domains: act_ot needs [source, target], got ['source']"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_one_line(
    folder: Path, changed: dict[str, Any], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if not changed.get("space", True):
        changed = {**changed, "search": {"num_trials": 1}, "space": {"lr": {"choice": [1e-3]}}}
    assert main.main(["validate", str(spec(folder, **changed))]) == 2
    assert line in capsys.readouterr().err.splitlines()


def test_a_folder_that_no_file_system_takes_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = {"source": "lerobot", "root": "x" * 5000}
    assert main.main(["validate", str(spec(folder, data=data))]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("data.root: meta/info.json cannot be read (File name too long), got '/")
    assert len(line) < 500


@pytest.mark.slow
def test_a_sweep_on_a_data_set(folder: Path) -> None:
    assert main.main(["run", str(spec(folder)), "--storage", str(folder / "runs")]) == 0
    trials = read_sweep(folder / "runs/cube").trials
    assert [trial.state for trial in trials] == ["completed", "completed"]
    assert "kl_weight" in (folder / "runs/cube/report.en.md").read_text()


def test_demonstrations_are_exported_and_trained_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = spec(folder, data={"episodes": 2, "observation": "state", "holdout": 0.5})
    target = folder / "exported"
    assert main.main(["export", str(ours), "--into", str(target)]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    assert main.main(["export", str(ours), "--into", str(target)]) == 2
    assert "exists already" in capsys.readouterr().err
    theirs = spec(folder, data={"source": "lerobot", "root": "exported", "observation": "state"})
    assert main.main(["validate", str(theirs)]) == 0
    assert main.main(["export", str(theirs), "--into", str(folder / "x")]) == 2
    assert "data.source: cannot be exported" in capsys.readouterr().err
