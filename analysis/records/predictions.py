"""What a trial's policy predicts on frames of its demonstrations: `predictions.json`.

    paths    [{seed, frame, points}]            of the end effector, m, from a demonstrated frame on
    actions  [{name, unit, shown, predicted}]   quantiles 0, 0.05, 0.95 and 1 of each number
    plan     rows of transported mass           by share of the episode, source down, target across

Folders of earlier versions have none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.paths import TrialPaths

MOST = 200
"""Paths, numbers of an action, and rows of a plan, at most of each."""
Numbers = tuple[float, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class PredictedPath:
    """Where the end effector would go from a frame of a demonstration on."""

    seed: int
    """Of the demonstration."""
    frame: int
    points: tuple[Numbers, ...]


@dataclass(frozen=True)
class ActionRange:
    """Quantiles 0, 0.05, 0.95 and 1 of a number of the actions."""

    name: str
    unit: str
    shown: Numbers
    predicted: Numbers


@dataclass(frozen=True)
class Predictions:
    """All that is kept of what a policy predicts; empty where nothing is."""

    paths: tuple[PredictedPath, ...] = ()
    actions: tuple[ActionRange, ...] = ()
    plan: tuple[Numbers, ...] = ()


def read_predictions(paths: TrialPaths) -> Predictions:
    """What a trial's policy predicts, without entries that are damaged."""
    kept = read_json(paths.predictions)
    return Predictions(
        _each(kept.get("paths"), _path), _each(kept.get("actions"), _range), _plan(kept.get("plan"))
    )


def _each(rows: object, made: Callable[[Mapping[str, Any]], T | None]) -> tuple[T, ...]:
    if not isinstance(rows, list):
        return ()
    found = (made(row) for row in rows[:MOST] if isinstance(row, dict))
    return tuple(entry for entry in found if entry is not None)


def _path(row: Mapping[str, Any]) -> PredictedPath | None:
    seed, frame, points = row.get("seed"), row.get("frame"), row.get("points")
    if not (isinstance(seed, int) and isinstance(frame, int) and isinstance(points, list)):
        return None
    found = tuple(_numbers(point) for point in points[:MOST])
    whole = len(found) > 1 and all(len(point) in (2, 3) for point in found)
    return PredictedPath(seed, frame, found) if whole else None


def _range(row: Mapping[str, Any]) -> ActionRange | None:
    shown, predicted = _numbers(row.get("shown")), _numbers(row.get("predicted"))
    if len(shown) != 4 or len(predicted) != 4:
        return None
    return ActionRange(str(row.get("name", "")), str(row.get("unit", "")), shown, predicted)


def _plan(rows: object) -> tuple[Numbers, ...]:
    found = tuple(map(_numbers, rows[:MOST])) if isinstance(rows, list) else ()
    return found if found and len({len(row) for row in found}) == 1 and found[0] else ()


def _numbers(values: object) -> Numbers:
    """Finite numbers; none where there is anything else."""
    if not isinstance(values, list) or len(values) > MOST:
        return ()
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    whole = len(numbers) == len(values) and all(map(math.isfinite, numbers))
    return tuple(numbers) if whole else ()
