"""Values that move together across hand-made configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ilsweep.analysis.records.joint import SEPARATOR, joined

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


def together(columns: Columns) -> dict[str, list[Any]]:
    """The columns by dimension (`analysis.records.joint`).

    Parameters vary together of which each value goes with one value of every other.
    """
    groups: dict[tuple[int, ...], list[str]] = {}
    for name, values in columns.items():
        seen: dict[str, int] = {}
        places = tuple(seen.setdefault(repr(value), len(seen)) for value in values)
        groups.setdefault(places, []).append(name)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    names = [f"{SEPARATOR} ".join(group) for group in groups.values()]
    return {name: [joined(row, [name])[name] for row in rows] for name in names}
