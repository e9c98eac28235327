"""The probes' file as LeRobot's interpreter runs it; what it finds, a real LeRobot tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ilsweep.sweeps.external.adapters.lerobot import PROBES


def test_it_finds_the_lerobot_that_is_installed(tmp_path: Path) -> None:
    """Not a file beside it, which is first on the path of a script."""
    beside = tmp_path / "beside"
    beside.mkdir()
    probes = shutil.copy(PROBES, beside)
    (beside / "lerobot.py").write_text("raise SystemExit('the one beside')")
    for package in ("lerobot", "lerobot/policies"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "lerobot/policies/factory.py").write_text("raise SystemExit('the installed one')")
    (tmp_path / "train_config.json").write_text(json.dumps({"dataset": {"repo_id": "me/x"}}))
    ended = subprocess.run(
        [sys.executable, probes, tmp_path],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert ended.stderr.strip() == "the installed one"
