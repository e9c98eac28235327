"""Which environments installed packages register, as their source says. None of it is imported."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Collection
from functools import cache
from pathlib import Path

from ilsweep.trainers.core.named import near
from ilsweep.trainers.data.mistakes import Mistake

REGISTERED_IN = {
    "gymnasium": "envs/__init__.py",
    "gym_pusht": "__init__.py",
    "gym_aloha": "__init__.py",
    "gym_xarm": "__init__.py",
}
"""Packages that register all their environments in one file."""


@cache
def ids_of(package: str) -> frozenset[str]:
    """The ids that a package registers; empty where its source does not say all of them."""
    found = importlib.util.find_spec(package) if package in REGISTERED_IN else None
    if found is None or found.origin is None:
        return frozenset()
    try:
        tree = ast.parse((Path(found.origin).parent / REGISTERED_IN[package]).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _registers(node)]
    ids = [_id(call) for call in calls]
    return frozenset(filter(None, ids)) if all(ids) else frozenset()


def _registers(call: ast.Call) -> bool:
    return getattr(call.func, "id", getattr(call.func, "attr", "")) == "register"


def _id(call: ast.Call) -> str:
    """The id of a registration; empty where it is no plain text."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "id"]
    value = next(iter(named or call.args), None)
    text = value.value if isinstance(value, ast.Constant) else ""
    return text if isinstance(text, str) else ""


def no_environment(name: str, known: Collection[str], bringing: str) -> Mistake:
    """The mistake of an id that nothing registers, with those that may have been meant.

    Args:
        known: Ids that are known beside those of the installed packages.
        bringing: Names of the installed packages that bring environments.
    """
    ids = {*known}.union(*map(ids_of, REGISTERED_IN))
    valid = ", ".join(near(name.rpartition(":")[2], ids))
    valid = valid or f"an id that gymnasium knows, or module:ID; installed here: {bringing}"
    return Mistake("env.id", "no environment of this name", name, valid)
