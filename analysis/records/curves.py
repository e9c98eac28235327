"""Metric lines to curves: quick for what a machine wrote, forgiving for what a crash left."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import lt, methodcaller
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ilsweep.analysis.records.files import MOST_BYTES, read_regular

MAX_STEP = 2**62
"""Beyond it a step is damage, and does not fit into an array of int64."""

NOT_METRICS = frozenset({"step", "attempt", "seconds", "timestamp"})

VALUES = methodcaller("values")

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
        """The last value; NaN without one."""
        return float(self.values[-1]) if len(self) else math.nan


EMPTY = Curve(np.empty(0, np.int64), np.empty(0, np.float64))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects in a JSON-lines file, in order; torn and foreign lines are skipped."""
    try:
        content = read_regular(path, MOST_BYTES)
    except OSError:
        return []
    whole = _parse_at_once(content.rstrip(b"\n"))
    return list(_parse_each(content)) if whole is None else whole


def _parse_each(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            yield row


def _parse_at_once(lines: bytes) -> list[dict[str, Any]] | None:
    """All lines by one call of the quick parser; None where a line is not one object of its own.

    It takes no NaN and no infinity: `_parse_each` reads those line by line. A whole number beyond
    64 bits becomes a float.
    """
    joined = lines.replace(b"}\n{", b"},{")
    if b"\n" in joined:
        return None
    try:
        rows = orjson.loads(b"[" + joined + b"]")
    except ValueError:
        return None
    alike = len(rows) == lines.count(b"\n") + 1 and {dict} >= set(map(type, rows))
    return rows if alike else None


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
    for i, names in enumerate(map(tuple, kept)):
        groups.setdefault(names, []).append(i)
    steps = np.array([row["step"] for row in kept], np.int64)
    parts: dict[str, list[tuple[NDArray[np.int64], NDArray[np.float64]]]] = {}
    for names, members in groups.items():
        index = np.array(members, np.int64)
        alike = map(kept.__getitem__, members)
        columns = _columns(list(chain.from_iterable(map(VALUES, alike))), len(names))
        for name, (keep, values) in zip(names, columns, strict=True):
            if name not in NOT_METRICS and len(values):
                parts.setdefault(name, []).append((index[keep], values))
    increasing = bool((np.diff(steps) > 0).all())
    return {name: _curve(steps, pieces, increasing) for name, pieces in parts.items()}


def _columns(flat: list[Any], width: int) -> list[tuple[Any, NDArray[np.float64]]]:
    """For each of `width` columns, given row by row, which entries count, and their values.

    Numbers and null count; NaN stands for what is not finite. At once where all of them are
    numbers.
    """
    if PLAIN.issuperset(map(type, flat)):
        try:
            table = np.fromiter(flat, np.float64, len(flat)).reshape(-1, width).T.copy()
        except (OverflowError, TypeError):  # a whole number beyond 1e308, a null
            pass
        else:
            table[~np.isfinite(table)] = math.nan
            return [(slice(None), column) for column in table]
    return [_numbers(flat[i::width]) for i in range(width)]


def _numbers(column: list[Any]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    keep = np.array([not isinstance(value, bool | str | list | dict) for value in column])
    values = np.array([_number(v) for v, kept in zip(column, keep, strict=True) if kept])
    values = values.astype(np.float64)
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
    if sum(len(index) for index, _ in pieces) == len(steps):
        at, values = steps, np.empty(len(steps))
        for index, piece in pieces:
            values[index] = piece
    else:
        index = np.concatenate([index for index, _ in pieces])
        order = np.argsort(index)
        at, values = steps[index[order]], np.concatenate([piece for _, piece in pieces])[order]
    if increasing:
        return Curve(at, values)
    order = np.argsort(at, kind="stable")
    at, values = at[order], values[order]
    last = np.append(at[1:] != at[:-1], True)
    return Curve(at[last], values[last])
