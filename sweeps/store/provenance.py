"""What a sweep was run by: the command, the project's commit, the versions of what it used."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("ilsweep", "ray", "torch", "optuna", "wandb", "POT", "gym-aloha", "mujoco", "numpy")


def command_line() -> list[str]:
    """The command as typed, without the interpreter's path."""
    return ["ilsweep", *sys.argv[1:]]


def commit() -> str:
    """The project's commit, with `+` where files differ from it; empty outside a checkout.

    On a cluster, where only the files are, `ILSWEEP_COMMIT` names it.
    """
    if named := os.environ.get("ILSWEEP_COMMIT"):
        return named
    here = Path(__file__).parent
    try:
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            ["git", "status", "--porcelain", "-uno"], cwd=here, capture_output=True, text=True,
            check=True,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + ("+" if changed else "")


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Those of the packages that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except ImportError:
            continue
    return found


def own_version() -> str:
    """The version of ilsweep that is installed; `unknown` where it is not."""
    return versions().get("ilsweep", "unknown")
