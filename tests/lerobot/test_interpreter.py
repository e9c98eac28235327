"""An interpreter is tried before it is chosen; these tests need neither Python 3.12 nor LeRobot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lerobot.interpreter import NoPython312, python312

SHIM = "echo 'pyenv: python3.12: command not found' >&2\necho 'exists in: 3.12.1' >&2\nexit 127"
REAL = "echo True"
OTHER = "echo False"
NO_VENV = "echo \"Traceback\nModuleNotFoundError: No module named 'ensurepip'\" >&2\nexit 1"


def program(folder: Path, body: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "python3.12"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def env(tmp_path: Path, *folders: str, **more: str) -> dict[str, str]:
    return {"PATH": ":".join(str(tmp_path / f) for f in folders), "HOME": str(tmp_path), **more}


@pytest.mark.parametrize(
    "place",
    ["second", ".pyenv/versions/3.12.1/bin", ".local/share/uv/python/cpython-3.12.4-x/bin",
     "usr/local/bin", "usr/bin"],
)  # fmt: skip
def test_a_stub_on_the_path_is_passed_over_for_one_that_runs(place: str, tmp_path: Path) -> None:
    program(tmp_path / "first", SHIM)
    real = program(tmp_path / place, REAL)
    assert python312(env(tmp_path, "first", "second"), tmp_path) == real


def test_where_none_runs_one_line_says_what_was_looked_at(tmp_path: Path) -> None:
    program(tmp_path / "a", SHIM)
    program(tmp_path / "b", OTHER)
    program(tmp_path / "c", NO_VENV)
    with pytest.raises(NoPython312) as caught:
        python312(env(tmp_path, "a", "b", "c"), tmp_path)
    said = str(caught.value)
    for part in ("a/python3.12 (pyenv: python3.12: command not found)", "(another Python)",
                 "No module named 'ensurepip'", "PYTHON312"):  # fmt: skip
        assert part in said
    assert "\n" not in said
    with pytest.raises(NoPython312, match="none on the PATH"):
        python312(env(tmp_path, "nowhere"), tmp_path)


def test_the_one_that_is_named_is_the_one_that_is_used(tmp_path: Path) -> None:
    program(tmp_path / "first", REAL)
    mine = program(tmp_path / "mine", REAL)
    assert python312(env(tmp_path, "first", PYTHON312=mine), tmp_path) == mine
    with pytest.raises(NoPython312, match="FileNotFoundError"):
        python312(env(tmp_path, "first", PYTHON312=str(tmp_path / "gone")), tmp_path)
