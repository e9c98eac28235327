"""The command line: help with examples, one line a mistake, exit statuses, nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.spec import yamlio
from tests.sweeps.specs import regression

COMMANDS = ["run", "validate", "schema", "trainers", "resume", "status", "rank", "diagnose",
            "report", "confirm", "import", "export", "next"]  # fmt: skip


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "spec.yaml"
    path.write_text(yamlio.dump(regression(**changes)))
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"example:\n  ilsweep {command}" in capsys.readouterr().out


def test_validate_says_how_much_work_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = write(tmp_path, seeds=[0, 1])
    assert main(["validate", str(spec), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["trials"], facts["optimiser_steps"]) == (6, 240)


LENGTHS = {"steps": {"choice": [10, 8000]}, "lr": {"choice": [0.1, 0.2]}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"space": LENGTHS, "search": {"algorithm": "grid"}},
         "4 configurations x 1 seed = 4 trials of {}, 16020 optimiser steps"),
        ({"space": LENGTHS, "search": {"num_trials": 10}, "seeds": [0, 1]},
         "= 8 trials of {}, 32040 optimiser steps in all.\nsearch: grid, each of the 4 points once "
         "(10 requested, 4 exist)"),
        ({"space": LENGTHS, "search": {"num_trials": 2}}, "20 to 16000 optimiser steps"),
        ({"space": {**LENGTHS, "lr": {"uniform": [0.1, 0.2]}}}, "30 to 24000 optimiser steps"),
        ({"space": {"steps": {"randint": [10, 101]}}, "search": {"num_trials": 3}},
         "30 to 300 optimiser steps"),
        ({"space": LENGTHS, "scheduler": {"type": "asha"}, "search": {"num_trials": 2}},
         "at most 16000 optimiser steps"),
        ({"space": {"steps": {"grid_search": [10, 8000]}, "lr": {"uniform": [0.1, 0.2]}},
          "search": {"algorithm": "random", "num_trials": 2}}, "16020 optimiser steps"),
    ],
)  # fmt: skip
def test_validate_counts_each_trial_s_own_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], said: str
) -> None:
    spec = write(tmp_path, params={}, **changes)
    assert main(["validate", str(spec)]) == 0
    assert said.format("benchmarks.regression:Regression") in capsys.readouterr().out


@pytest.mark.parametrize(
    "changes",
    [
        {"trainer": "atc"},
        {"space": {"lr": {"uniform": [2, 1]}}},
        {"params": {"stepz": 1}},
        {"objective": {"metric": "eval/los", "mode": "min"}},
        {"seeds": [1, 1]},
        {"space": {}},
    ],
)
def test_a_wrong_spec_is_one_line_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any]
) -> None:
    spec = write(tmp_path, **changes)
    assert main(["run", str(spec), "--storage", str(tmp_path / "runs")]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("content", [b"a: [", b"\xff\x00", b"a: !!python/name:os.system", b"- 1"])
def test_a_file_that_is_no_spec_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(content)
    for command in (["validate"], ["run", "--storage", str(tmp_path / "runs")]):
        assert main([*command, str(path)]) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_folder_that_cannot_be_made_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = write(tmp_path)
    (tmp_path / "file").touch()
    assert main(["run", str(spec), "--storage", str(tmp_path / "file")]) == 2
    assert "cannot be created" in capsys.readouterr().err
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.md").touch()
    assert main(["run", str(spec), "--storage", str(tmp_path), "--name", "taken"]) == 2
    assert "ilsweep resume" in capsys.readouterr().err
    assert main(["run", str(spec), "--storage", str(tmp_path), "--name", "../up"]) == 2
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["notes.md"]


@pytest.mark.parametrize("command", ["status", "rank", "diagnose", "report", "next", "resume"])
def test_a_folder_that_is_no_sweep_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    for folder in (tmp_path / "missing", tmp_path):
        assert main([command, str(folder)]) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_trainers_are_listed_and_described(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trainers"]) == 0
    assert "act_ot" in capsys.readouterr().out
    assert main(["trainers", "act_ot", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert {"kl_weight", "lr_backbone", "batch_fraction", "ot.reg", "ot.tau_src"} <= set(rows)
    assert all(row["about"] for row in rows.values())
    assert main(["trainers", "atc"]) == 2


def test_the_schema_describes_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert all("description" in entry for entry in schema["properties"].values())
    assert "act_ot" in json.dumps(schema["properties"]["trainer"])


def test_foreign_runs_are_imported_ranked_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "r1.jsonl"
    rows: list[dict[str, Any]] = [
        {"run": {"id": "m55", "name": "R1", "url": "", "config": {"ot.reg": 2}}}
    ]
    rows += [{"step": step, "train/loss": 20 / step} for step in range(50, 300, 50)]
    log.write_text("\n".join(map(json.dumps, rows)))
    into = tmp_path / "imported"
    assert main(["import", str(log), "--into", str(into)]) == 0
    for command in (["rank"], ["rank", "--json"], ["diagnose", "--json"], ["report"], ["status"]):
        assert main([command[0], str(into), *command[1:]]) == 0
    assert "训练总损失: 首=0.4, 末=0.08" in (into / "report.zh.md").read_text()
    capsys.readouterr()
    log.write_text("nothing that anyone would know")
    assert main(["import", str(log), "--into", str(into)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
