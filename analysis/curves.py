"""Metric lines to curves: quick for what a machine wrote, forgiving for what a kill left."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import lt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_STEP = 2**62
"""Beyond it a step is damage, and does not fit into an array of int64."""

NOT_METRICS = frozenset({"step", "attempt", "seconds", "timestamp"})

PLAIN = frozenset({float, int, type(None)})
"""Types of a column that becomes an array as it is."""


@dataclass(frozen=True)
class Curve:
    """One metric of one trial: `steps` (n,) increasing, `values` (n,) with NaN where not finite."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def last(self) -> float:
        return float(self.values[-1]) if len(self) else math.nan


EMPTY = Curve(np.empty(0, np.int64), np.empty(0, np.float64))


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects in a JSON-lines file, in order; torn and foreign lines are passed over."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return
    whole = _parse_at_once(lines)
    if whole is not None:
        yield from whole
        return
    for line in lines:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            yield row


def _parse_at_once(lines: Sequence[bytes]) -> list[dict[str, Any]] | None:
    """All lines by one call of the parser, twice as quick; None where a line is not one flat
    object of its own."""
    text = b",".join(lines)
    if text.count(b"},{") != len(lines) - 1 or text.count(b"{") != len(lines):
        return None
    try:
        rows = json.loads(b"[" + text + b"]")
    except (ValueError, RecursionError):
        return None
    return rows if len(rows) == len(lines) and {dict} >= set(map(type, rows)) else None


def effective_rows(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of an undisturbed run: where a later attempt repeats steps, the later one counts."""
    rows = list(rows)
    steps: list[Any] = [row.get("step") for row in rows]
    if set(map(type, steps)) == {int} and all(map(lt, steps, steps[1:])) and _sound(steps):
        return rows
    kept: list[Mapping[str, Any]] = []
    for row in rows:
        step = row.get("step")
        if not isinstance(step, int) or isinstance(step, bool) or abs(step) > MAX_STEP:
            continue
        while kept and kept[-1]["step"] >= step and kept[-1].get("attempt") != row.get("attempt"):
            kept.pop()
        kept.append(row)
    return kept


def _sound(increasing: Sequence[Any]) -> bool:
    return bool(increasing[0] >= -MAX_STEP and increasing[-1] <= MAX_STEP)


def curves_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Curve]:
    """Metric lines to curves by name. Two lines of one step are one point, the later value.

    Rows with the same names are taken together, column by column: linear in the number of values.
    """
    kept = effective_rows(rows)
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, row in enumerate(kept):
        groups.setdefault(tuple(row), []).append(i)
    steps = np.array([row["step"] for row in kept], np.int64)
    parts: dict[str, list[tuple[NDArray[np.int64], NDArray[np.float64]]]] = {}
    for names, members in groups.items():
        index = np.array(members, np.int64)
        columns = zip(*[kept[i].values() for i in members], strict=True)
        for name, column in zip(names, columns, strict=True):
            if name not in NOT_METRICS:
                keep, values = _numbers(column)
                if len(values):
                    parts.setdefault(name, []).append((index[keep], values))
    increasing = bool((np.diff(steps) > 0).all())
    return {name: _curve(steps, pieces, increasing) for name, pieces in parts.items()}


def _numbers(column: tuple[Any, ...]) -> tuple[Any, NDArray[np.float64]]:
    """(which entries are numbers or null, their values with NaN for what is not finite)."""
    keep: Any = slice(None)
    if PLAIN.issuperset(map(type, column)):
        try:
            values = np.array(column, np.float64)
        except OverflowError:
            values = np.array([_number(value) for value in column])
    else:
        keep = np.array([not isinstance(value, bool | str | list | dict) for value in column])
        values = np.array([_number(value) for value in np.array(column, object)[keep]], np.float64)
    values[~np.isfinite(values)] = math.nan
    return keep, values


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _curve(
    steps: NDArray[np.int64],
    pieces: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]],
    increasing: bool,
) -> Curve:
    index, values = pieces[0]
    if len(pieces) > 1:
        index = np.concatenate([piece[0] for piece in pieces])
        order = np.argsort(index)
        index = index[order]
        values = np.concatenate([piece[1] for piece in pieces])[order]
    at = steps if len(index) == len(steps) else steps[index]
    if increasing:
        return Curve(at, values)
    order = np.argsort(at, kind="stable")
    at, values = at[order], values[order]
    last = np.append(at[1:] != at[:-1], True)
    return Curve(at[last], values[last])
