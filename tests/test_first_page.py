"""The tasks of `docs/README.md`, done as they are written there; two more in their own folders."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.sweeps.cli.table import parser
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.validation.validate import check
from tests.first_page import PAGE, TASKS, blocks, commands, typed, written


def test_there_are_five_tasks() -> None:
    headings = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert tuple(headings[:5]) == TASKS


@pytest.mark.parametrize("task", TASKS)
def test_every_command_is_one(task: str) -> None:
    ours = [shlex.split(line) for line in commands(task) if line.startswith("ilsweep ")]
    assert ours
    for _, *words in ours:
        assert parser().parse_args(words).command == words[0]


def test_the_numbers_are_loaded_in_as_many_lines_as_promised() -> None:
    pandas, checkpoint = (
        [line for line in block.splitlines() if line.strip()]
        for block in blocks("Afterwards", "python")
    )
    assert (len(pandas), len(checkpoint)) == (3, 5)


@pytest.mark.slow
def test_my_trainer(tmp_path: Path) -> None:
    written(tmp_path, "My trainer")
    said = typed(tmp_path, *commands("My trainer"))
    assert "search: grid, each of the 3 points once" in said
    assert re.search(r"^runs/fit/trials/c\d+-s\d/checkpoints/step_\d+\.ckpt$", said, re.MULTILINE)
    table, checkpoint = blocks("Afterwards", "python")
    typed(tmp_path, "ilsweep export-table runs/fit -o sweep.parquet")
    assert "c0000" in typed(tmp_path, f"python - <<'END'\n{table}\nEND")
    assert "{'x': " in typed(tmp_path, f"python - <<'END'\n{checkpoint}\nEND")
    trials = read_sweep(tmp_path / "runs/fit").trials
    assert all(len(trial.curve("train/loss")) >= 20 for trial in trials)


@pytest.mark.slow
def test_my_script(tmp_path: Path) -> None:
    written(tmp_path, "My script")
    said = typed(tmp_path, *commands("My script"))
    assert "train/loss: 40 values" in said
    assert len(read_sweep(tmp_path / "runs/script").trials) == 9


def test_my_logs(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for i in range(4):
        rows = "".join(json.dumps({"step": s, "loss": 0.5 / (i + s + 1)}) + "\n" for s in range(9))
        (tmp_path / f"logs/run{i}.log").write_text(rows)
    said = typed(tmp_path, *commands("My logs"))
    assert len(read_sweep(tmp_path / "runs/old").trials) == 4
    assert "report.en.md" in said


def test_lerobot_s_form() -> None:
    plan = check(yamlio.parse(blocks("LeRobot", "yaml")[0], "lerobot.yaml"))
    assert plan.configurations == 2
