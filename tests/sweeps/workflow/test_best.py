"""`ilsweep best` prints where the best checkpoint lies, or why there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.store import checkpoints
from tests.analysis.made_up import write_trial

METRIC = "eval/x"


def made(root: Path, ends: dict[str, list[float]], **spec: Any) -> SweepPaths:
    for config, values in ends.items():
        for seed, value in enumerate(values):
            params = {"config_id": config, "seed": seed, "searched": {"x": config}}
            write_trial(root, f"{config}-s{seed}", [{"step": 9, METRIC: value}], params=params)
    whole = {"name": "n", "trainer": "x", "objective": {"metric": METRIC, "mode": "min"}, **spec}
    write_atomic(SweepPaths(root).manifest, to_json({"spec": whole}))
    return SweepPaths(root)


def test_the_best_seed_of_the_best_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = made(tmp_path, {"lucky": [0.1, 0.9], "solid": [0.34, 0.3]})
    for trial in ("lucky-s0", "solid-s0", "solid-s1"):
        checkpoints.save({"step": 9}, checkpoints.path(paths.trial(trial).checkpoints, 9))
    assert main(["best", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(tmp_path / "trials/solid-s1/checkpoints/step_000000009.ckpt")
    assert said.err.startswith("solid (x = solid) has the best mean")
    assert main(["best", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["trial"], found["seed"]) == ("solid-s1", 1)


def test_a_command_s_own_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = {"argv": ["a"], "resume": {"checkpoint": "ckpt/*.pt", "args": ["x"]}}
    paths = made(tmp_path, {"a": [0.1], "b": [0.2]}, command=command)
    kept = paths.trial("a-s0").root / "run/ckpt/7.pt"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert main(["best", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip() == str(kept)


def test_where_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path / "gone", {"a": [0.1], "b": [0.2]})
    assert main(["best", str(tmp_path / "gone")]) == 2
    assert "a left no checkpoint in" in capsys.readouterr().err
    made(tmp_path / "none", {})
    write_trial(tmp_path / "none", "x", [])
    assert main(["best", str(tmp_path / "none")]) == 2
    assert "no configuration can be called the best" in capsys.readouterr().err


def test_a_command_that_wrote_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = made(tmp_path, {"a": [0.1], "b": [0.2]}, command={"argv": ["a"]})
    folder = paths.trial("a-s0").root / "run"
    folder.mkdir()
    assert main(["best", str(tmp_path)]) == 2
    assert "a left no checkpoint in" in capsys.readouterr().err
    (folder / "weights.bin").touch()
    assert main(["best", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip() == str(folder)


def test_where_none_is_the_best_the_first_is_still_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = made(tmp_path, {}, objective={"metric": SUCCESS, "mode": "max"})
    for config, reward in (("a", 0.5), ("b", 0.7)):
        rows = [{"step": 9, SUCCESS: 0.0, "eval/avg_max_reward": reward}]
        params = {"config_id": config, "seed": 0, "searched": {"x": config}}
        write_trial(tmp_path, f"{config}-s0", rows, params=params)
        folder = paths.trial(f"{config}-s0").checkpoints
        checkpoints.save({"step": 9}, checkpoints.path(folder, 9))
    assert main(["best", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "no configuration can be called the best" in said
    assert said.strip().endswith("checkpoints/step_000000009.ckpt")
