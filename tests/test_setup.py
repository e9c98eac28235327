"""`make setup` with a stub of Python: a line a step, errors in full, nothing half made."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
STUB = r"""#!/bin/sh
# As `python -m venv DIR` and `DIR/bin/python -m pip ARGS`.
echo "$*" >> CALLS
echo "DeprecationWarning: pages of noise" >&2
if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit; fi
case "$*" in
  *" $SLOW") sleep 30 ;;
  *" $BROKEN") echo "ERROR: No matching distribution" >&2; exit 7 ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("Makefile", "setup.sh", "pyproject.toml", "setup.py", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    stub = tmp_path / "python"
    stub.write_text(STUB.replace("CALLS", str(tmp_path / "calls")))
    stub.chmod(0o755)
    return tmp_path


def line(checkout: Path) -> list[str]:
    python = f"PYTHON={checkout}/python"
    return ["make", "-C", str(checkout), "--no-print-directory", "setup", python]


def setup(checkout: Path, **env: str) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "SLOW": "-", "BROKEN": "-", "TMPDIR": str(checkout), **env}
    return subprocess.run(line(checkout), env=settings, capture_output=True, text=True, timeout=60)


def test_a_line_for_each_step_and_none_for_the_noise(checkout: Path) -> None:
    done = setup(checkout)
    assert done.returncode == 0, done.stderr
    said = [text.partition(" ...")[0] for text in done.stdout.splitlines()]
    assert said == ["virtual environment", "torch", "ilsweep and what it needs"]
    assert "noise" not in done.stdout + done.stderr
    assert list(checkout.glob("ilsweep-setup.*")) == []


def test_a_second_time_nothing_is_done(checkout: Path) -> None:
    setup(checkout)
    before = (checkout / "calls").read_text()
    assert "virtual" not in setup(checkout).stdout
    assert (checkout / "calls").read_text() == before


def test_a_step_that_fails_is_named_with_all_it_said(checkout: Path) -> None:
    done = setup(checkout, BROKEN="torch")
    assert done.returncode != 0
    assert "ERROR: No matching distribution" in done.stderr
    assert "'torch' failed with status 7" in done.stderr
    assert "ilsweep and what" not in done.stdout
    assert not (checkout / ".venv/ready").exists()
    assert setup(checkout).returncode == 0


def test_an_interrupted_one_is_made_anew(checkout: Path) -> None:
    env = {**os.environ, "SLOW": "torch", "BROKEN": "-", "TMPDIR": str(checkout)}
    with subprocess.Popen(line(checkout), env=env, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, start_new_session=True) as making:  # fmt: skip
        until = time.monotonic() + 30
        while "torch" not in (_text(checkout / "calls")):
            assert time.monotonic() < until
            time.sleep(0.05)
        (checkout / ".venv/half-installed").touch()
        os.killpg(making.pid, signal.SIGKILL)
    done = setup(checkout)
    assert done.returncode == 0, done.stderr
    assert not (checkout / ".venv/half-installed").exists()
    assert (checkout / ".venv/ready").exists()


def test_a_machine_of_a_cluster_is_set_up_from_what_is_mounted_there(checkout: Path) -> None:
    mounts = yaml.safe_load((ROOT / "cluster.yaml").read_text())["file_mounts"]
    project = checkout / "project"
    project.mkdir()
    for there, here in mounts.items():
        if there.startswith("~/.ilsweep/project/") and (ROOT / here).is_file():
            shutil.copy(ROOT / here, project / Path(there).name)
    env = {**os.environ, "HOME": str(checkout), "PYTHON": str(checkout / "python"), "SLOW": "-",
           "BROKEN": "-"}  # fmt: skip
    line = ["bash", str(project / "cluster-setup.sh")]
    (checkout / ".ilsweep").mkdir()
    broken = subprocess.run(line, env={**env, "BROKEN": "torch"}, capture_output=True, text=True)
    assert broken.returncode == 7
    done = subprocess.run(line, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "ilsweep and what it needs" in done.stdout
    assert (checkout / ".ilsweep/venv/bin/python").exists()
    again = subprocess.run(line, env=env, capture_output=True, text=True)
    assert (again.returncode, again.stdout) == (0, "")


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
