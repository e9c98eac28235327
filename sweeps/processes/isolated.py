"""A module of this package started in an interpreter of its own, without the user's site-packages.

Such a process starts in some 20 ms and sees the standard library and `ilsweep` alone, so its
modules import nothing else.
"""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
"""The folder that holds `sweeps`: of the installed package, or of a checkout."""
_START = (
    "import importlib, sys, types; "
    "package = types.ModuleType('ilsweep'); package.__path__ = [sys.argv[1]]; "
    "sys.modules['ilsweep'] = package; "
    "importlib.import_module(sys.argv[2]).main(*sys.argv[3:])"
)


def isolated(module: str, *args: str) -> list[str]:
    """The command that calls `main(*args)` of a module by its whole name."""
    return [sys.executable, "-I", "-S", "-c", _START, str(PACKAGE), module, *args]
