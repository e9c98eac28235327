"""The first page of the documentation: its tasks, their files and commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

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
        timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
