"""`docs/adding.md` is done as it is written, each part in a folder of its own."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.analysis.strategies import trial

DOCUMENT = (Path(__file__).parents[1] / "docs/adding.md").read_text(encoding="utf-8")
PARTS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL))
FILE = re.compile(r"`([\w.]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def write(part: str, folder: Path) -> list[str]:
    """The files of a part, written; what is to be typed."""
    files = FILE.findall(PARTS[part])
    assert files
    for name, text in files:
        (folder / name).write_text(text, encoding="utf-8")
    return [line for block in COMMANDS.findall(PARTS[part]) for line in block.splitlines()]


@pytest.mark.parametrize("part", ["A world", "A trainer", "A log format", "An adapter"])
def test_a_part_of_ones_own(part: str, tmp_path: Path) -> None:
    lines = write(part, tmp_path)
    assert lines
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for line in lines:
        done = subprocess.run(
            line.split(), cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stdout, done.stderr)


def test_a_finding(tmp_path: Path) -> None:
    write("A finding", tmp_path)
    spec = importlib.util.spec_from_file_location("slow_start", tmp_path / "slow_start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.slow_start(trial({"train/loss": [1.0, 2.0, 0.5]}), {})
    assert found.id == "slow_start"
    assert found.evidence == {"first": 1.0, "second": 2.0}
    assert module.slow_start(trial({"train/loss": [2.0, 1.0]}), {}) is None
