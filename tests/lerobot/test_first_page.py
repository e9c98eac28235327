"""The task of `docs/README.md` with a real `lerobot-train`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ilsweep.analysis.load.sweep import read_sweep
from tests.first_page import commands, typed, written


@pytest.mark.lerobot
def test_lerobot(tmp_path: Path, environment: Path, dataset: Path) -> None:
    written(tmp_path, "LeRobot")
    (tmp_path / "lerobot-venv").symlink_to(environment)
    (tmp_path / "cube").symlink_to(dataset)
    typed(tmp_path, *commands("LeRobot"))
    assert {t.state for t in read_sweep(tmp_path / "runs/lerobot").trials} == {"completed"}
