"""Values that move together across hand-made configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Columns = Mapping[str, Sequence[Any]]
"""Each parameter's value in every configuration, in one order."""


def alike(columns: Columns) -> dict[str, list[str]]:
    """Parameters with the same values everywhere: the first, and those that are it again."""
    leaders: dict[tuple[str, ...], str] = {}
    found: dict[str, list[str]] = {}
    for name, values in columns.items():
        key = tuple(map(repr, values))
        if key in leaders:
            found.setdefault(leaders[key], []).append(name)
        else:
            leaders[key] = name
    return found


def tied(columns: Columns) -> list[list[str]]:
    """Groups of parameters of which each value goes with one value of every other."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for name, values in columns.items():
        seen: dict[str, int] = {}
        groups.setdefault(tuple(seen.setdefault(repr(v), len(seen)) for v in values), []).append(
            name
        )
    return [names for names in groups.values() if len(names) > 1]
