"""The tasks of `docs/README.md`, done as they are written there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.sweeps.cli.table import parser
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.validation.validate import check
from tests.cluster.hosts import missing
from tests.cluster.lab import Cluster, started

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/README.md").read_text()
TASKS = ("My trainer", "My script", "LeRobot", "My logs", "My cluster")
LANGUAGES = ("python", "yaml", "sh")


def section(task: str) -> str:
    return PAGE.partition(f"\n## {task}\n")[2].partition("\n## ")[0]


def blocks(task: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", section(task), re.DOTALL)


def commands(task: str) -> list[str]:
    return [line for block in blocks(task, "sh") for line in block.splitlines()]


def written(folder: Path, task: str) -> None:
    """The files that a task shows, each named before its block."""
    for name, language, content in re.findall(
        r"`([\w.]+\.(?:py|yaml))`[^\n]*:\n\n```(python|yaml)\n(.*?)```", section(task), re.DOTALL
    ):
        assert language in LANGUAGES
        (folder / name).write_text(content)


def typed(folder: Path, *lines: str) -> str:
    """The output of lines typed into a shell in which `ilsweep` is on the PATH."""
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-ec", "\n".join(lines)], cwd=folder, env=env, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


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
    assert said.strip().endswith(".ckpt") or ".ckpt\n" in said
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
    assert len(read_sweep(tmp_path / "runs/train").trials) == 9


def test_my_logs(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for i in range(4):
        rows = "".join(f"step:{s} loss:{0.5 / (i + s):.3f}\n" for s in range(1, 9))
        (tmp_path / f"logs/run{i}.log").write_text(rows)
    said = typed(tmp_path, *commands("My logs"))
    assert len(read_sweep(tmp_path / "runs/old").trials) == 4
    assert "report.en.md" in said


def test_lerobot_s_form() -> None:
    plan = check(yamlio.parse(blocks("LeRobot", "yaml")[0], "lerobot.yaml"))
    assert plan.configurations == 2


@pytest.mark.lerobot
def test_lerobot(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    environment: Path = request.getfixturevalue("environment")
    dataset: Path = request.getfixturevalue("dataset")
    written(tmp_path, "LeRobot")
    (tmp_path / "lerobot-venv").symlink_to(environment)
    (tmp_path / "cube").symlink_to(dataset)
    typed(tmp_path, *commands("LeRobot"))
    assert {t.state for t in read_sweep(tmp_path / "runs/lerobot").trials} == {"completed"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started(2, tmp_path_factory.mktemp("home")) as cluster:
        cluster.wait_for_workers()
        cluster.wait_for_tunnel()
        yield cluster
        cluster.down()


@pytest.mark.cluster
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_my_cluster(tmp_path: Path, cluster: Cluster) -> None:
    """`ray up`, the tunnel and `ray down` are the fixture's."""
    written(tmp_path, "My trainer")
    (submit,) = (line for line in commands("My cluster") if line.startswith("ilsweep "))
    done = cluster.ilsweep(*shlex.split(submit)[1:], folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(read_sweep(tmp_path / "runs/fit").trials) == 6
