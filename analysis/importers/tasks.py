"""A table of evaluations with a row for each task: what it says of each, and of all.

    checkpoint,task,successes,trials
    step_1000,lift,7,20
    step_1000,can,3,20

A metric becomes one of each task (`success/lift`), so that the table of names makes their mean; the
episodes are counted over all tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ilsweep.analysis.importers.metric_names import EPISODES, counted_success, known
from ilsweep.analysis.importers.numbers import as_metric
from ilsweep.analysis.importers.step_column import plain, step_of

NAMES = ("task", "task_name", "task_id", "env", "env_name", "environment", "suite")


def by_task(rows: Sequence[dict[str, Any]], axis: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows with their metrics by task, and what is said of it.

    As they are where no column names tasks, or none of which a step has several.
    """
    column = next((name for row in rows[:1000] for name in row if plain(name) in NAMES), "")
    if not axis or not column:
        return list(rows), []
    tasks: dict[int | None, list[str]] = {}
    episodes: dict[int | None, float] = {}
    for row in rows:
        step = step_of(row.get(axis))
        tasks.setdefault(step, []).append(str(row.get(column)))
        episodes[step] = episodes.get(step, 0.0) + (_episodes(row) or 0.0)
    several = any(len(set(names)) > 1 for names in tasks.values())
    if not several or any(len(set(names)) < len(names) for names in tasks.values()):
        return list(rows), []
    found = [_of_task(row, axis, column, episodes[step_of(row.get(axis))]) for row in rows]
    return found, [f"each row is of one {column}: their mean is what counts"]


def _of_task(row: Mapping[str, Any], axis: str, column: str, episodes: float) -> dict[str, Any]:
    task = str(row.get(column)).replace("/", "-")
    named = {name: value for name, value in row.items() if known(name) != EPISODES}
    rate = counted_success(row, _episodes(row))
    if rate is not None:
        named["success"] = rate / 100
    found = {f"{name}/{task}": value for name, value in named.items()
             if name not in (axis, column) and as_metric(value) is not None}  # fmt: skip
    return {axis: row.get(axis), **found, **({EPISODES: episodes} if episodes else {})}


def _episodes(row: Mapping[str, Any]) -> float | None:
    return next((as_metric(v) for name, v in row.items() if known(name) == EPISODES), None)
