"""CI on a machine that has nothing installs what its parts need, or fails with a line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BASIC = ("bash", "env", "echo", "cp", "sort", "xargs", "mktemp", "tail", "rm")
"""What any machine has."""
BROUGHT = ("sshd", "ssh", "ssh-keygen", "rsync", "ip", "ss", "unshare", "mount", "ps", "make",
           "chromium")  # fmt: skip


def program(folder: Path, name: str, body: str = "") -> None:
    (folder / name).write_text(f"#!/bin/bash\n{body}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A machine's programs: Python with venv, OpenGL, and nothing that a part needs."""
    for name in BASIC:
        path = shutil.which(name)
        assert path
        (tmp_path / name).symlink_to(path)
    program(tmp_path, "python3")
    program(tmp_path, "id", "echo 0")
    program(tmp_path, "ldconfig", "echo libEGL.so.1 libGL.so.1 libgthread-2.0.so.0")
    return tmp_path


def packages(machine: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(machine), "TMPDIR": str(machine), "FOLDER": str(machine)}
    return subprocess.run(
        [ROOT / ".ci/system-packages"], env=env, capture_output=True, text=True, timeout=60
    )


def test_where_all_is_there_nothing_is_installed(bare: Path) -> None:
    for name in BROUGHT:
        program(bare, name)
    program(bare, "apt-get", "exit 9")
    done = packages(bare)
    assert (done.returncode, done.stdout) == (0, "nothing is missing\n")


def test_what_is_missing_is_installed_after_an_update(bare: Path) -> None:
    brought = "\n".join(f"cp $FOLDER/python3 $FOLDER/{name}" for name in BROUGHT)
    program(
        bare,
        "apt-get",
        f"""
        echo "$DEBIAN_FRONTEND $*" >> $FOLDER/calls
        [ $1 = update ] && exit
        {brought}
    """,
    )
    done = packages(bare)
    assert done.returncode == 0, done.stderr
    update, install = (bare / "calls").read_text().splitlines()
    assert update.startswith("noninteractive update")
    for package in ("openssh-server", "rsync", "iproute2", "util-linux"):
        assert f" {package}" in install
    assert packages(bare).stdout == "nothing is missing\n"


@pytest.mark.parametrize(
    ("there", "package"),
    [
        ("libGL.so.1 libgthread-2.0.so.0", "libegl1"),
        ("libEGL.so.1 libgthread-2.0.so.0", "libgl1"),
        ("libEGL.so.1 libGL.so.1", "libglib2.0-0"),
    ],
)
def test_a_library_that_is_missing_is_named(bare: Path, there: str, package: str) -> None:
    for name in BROUGHT:
        program(bare, name)
    program(bare, "ldconfig", f"echo {there}")
    program(bare, "apt-get", "exit 100")
    assert f" {package}" in packages(bare).stderr


@pytest.mark.parametrize(
    ("apt", "said"),
    [
        (None, "without apt-get"),
        ("echo 'E: Unable to locate package' >&2; exit 100", "E: Unable to locate package"),
        ("exit 0", "still missing after their installation"),
    ],
)
def test_where_they_cannot_be_installed_a_line_says_so(
    bare: Path, apt: str | None, said: str
) -> None:
    if apt:
        program(bare, "apt-get", apt)
    done = packages(bare)
    assert done.returncode == 1
    assert said in done.stderr
    assert "apt-get install" in done.stderr
    assert "openssh-server" in done.stderr


def test_who_is_not_root_is_told_what_to_install(bare: Path) -> None:
    program(bare, "id", "echo 1000")
    program(bare, "apt-get", "exit 0")
    assert "only root can install" in packages(bare).stderr


def test_the_parts_are_named_with_their_seconds_and_a_failing_one_ends_it(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci")
    program(tmp_path / ".ci", "system-packages")
    program(tmp_path, "make", '[ "$1" != test ] || exit 3')
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([tmp_path / ".ci/run"], env=env, capture_output=True, text=True)
    assert done.returncode == 3
    said = done.stdout.splitlines()
    assert re.fullmatch(r"== system packages: passed in \d+ s", said[1])
    assert re.fullmatch(r"== tests: FAILED with status 3 after \d+ s", said[-1])
    assert not [line for line in said if line.startswith("== cluster")]
