"""A Python 3.12 that runs: a program of that name can be a stub, such as pyenv's shim."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

NAME = "python3.12"
ASK = "import sys, venv, ensurepip; print(sys.version_info[:2] == (3, 12))"
PATIENCE_S = 20.0


class NoPython312(Exception):  # noqa: N818
    """There is none; says in one line what was looked at."""


def python312(env: Mapping[str, str] = os.environ, system: Path = Path("/")) -> str:
    """An interpreter that LeRobot runs on: PYTHON312 and no other where that is set, else one on
    the PATH, of pyenv, of uv or of `system`.

    Raises:
        NoPython312: none of them runs.
    """
    looked = []
    for path in _candidates(env, system):
        trouble = why_not(path)
        if not trouble:
            return path
        looked.append(f"{path} ({trouble})")
    seen = ", ".join(looked) or "there is none on the PATH, of pyenv or of uv"
    raise NoPython312(f"LeRobot needs a Python 3.12 with venv (PYTHON312 can name it): {seen}")


def why_not(path: str) -> str:
    """Why it cannot be used; empty where it can."""
    try:
        asked = subprocess.run(
            [path, "-c", ASK], capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    if asked.returncode:
        lines = asked.stderr.strip().splitlines() or [f"status {asked.returncode}"]
        return lines[-1] if "Error" in lines[-1] else lines[0]
    return "" if asked.stdout.strip() == "True" else "another Python"


def _candidates(env: Mapping[str, str], system: Path) -> Iterator[str]:
    if named := env.get("PYTHON312"):
        yield named
        return
    home = Path(env.get("HOME", "/nonexistent"))
    pyenv = Path(env.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    data = Path(env.get("XDG_DATA_HOME") or home / ".local/share")
    uv = Path(env.get("UV_PYTHON_INSTALL_DIR") or data / "uv/python")
    folders = [
        *map(Path, env.get("PATH", "").split(os.pathsep)),
        *sorted(pyenv.glob("3.12*/bin")),
        *sorted(uv.glob("cpython-3.12*/bin")),
        system / "usr/local/bin",
        system / "usr/bin",
    ]
    for folder in dict.fromkeys(folders):
        if os.access(folder / NAME, os.X_OK):
            yield str(folder / NAME)
