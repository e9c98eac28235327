"""The metric that a user names with `--metric`: found among what was logged, and its good end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ilsweep.analysis.importers.metric_names import recorded_name
from ilsweep.analysis.importers.source import ImportRefused
from ilsweep.analysis.metrics.lookup import KNOWN, Catalog
from ilsweep.analysis.metrics.metric import Mode
from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.records.curves import NOT_METRICS, read_lines
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths

MOST_SHOWN = 12
"""Names in a message."""


class NoSuchMetric(ImportRefused):
    """Nothing was logged by that name, or which end of it is good is not known: one line."""


@dataclass(frozen=True)
class Goal:
    """What `import --metric NAME --mode MODE` says of the runs."""

    metric: str
    mode: Mode | None = None


def objective_of(goal: Goal, logged: Collection[str], paths: SweepPaths) -> Objective:
    """The objective that a folder of imported runs gets.

    Raises:
        NoSuchMetric: see there, or the folder is a sweep's, which has one.
    """
    if read_json(paths.manifest).get("spec"):
        raise NoSuchMetric(
            f"--metric: {paths.root} is a sweep's folder, with an objective of its own; valid: "
            f"ilsweep rank {paths.root} --metric {goal.metric}"
        )
    there = (name for path in paths.trials.glob("*/metrics.jsonl") for name in _names(path))
    return chosen(goal.metric, goal.mode, {*logged, *there})


def enter(objective: Objective, paths: SweepPaths) -> None:
    """Note the objective in the folder, for all that is said of it later."""
    write_atomic(
        paths.manifest, to_json({**read_json(paths.manifest), "objective": vars(objective)})
    )


def _names(path: Path) -> set[str]:
    return {name for row in read_lines(path) for name in row} - NOT_METRICS


def chosen(
    name: str,
    mode: Mode | None,
    logged: Collection[str],
    given: Collection[Objective] = (),
    catalog: Catalog = KNOWN,
) -> Objective:
    """The objective that `--metric NAME --mode MODE` means.

    A name is one that was logged, one that the table of names leads to, or the end of a single one.
    Without a mode it is the one of `given`, a spec's own objectives, else the one known by name.

    Raises:
        NoSuchMetric: see there.
    """
    try:
        metric = logged_name(name, logged)
    except NoSuchMetric as error:
        raise NoSuchMetric(f"--metric: {error}") from None
    own = {objective.metric: objective.mode for objective in given}
    known = mode or own.get(metric) or catalog.direction(metric)
    if known is None:
        raise NoSuchMetric(
            f"--mode: which end of {metric} is good is not known by its name; "
            f"valid: --mode min or --mode max"
        )
    return Objective(metric, known)


def logged_name(name: str, logged: Collection[str]) -> str:
    """The logged metric that a name means: its own, another tool's, or its end alone.

    Raises:
        NoSuchMetric: nothing was logged by that name, or several metrics end with it.
    """
    ends = [metric for metric in logged if metric.endswith(f"/{name}")]
    for metric in (name, recorded_name(name), *(ends if len(ends) == 1 else [])):
        if metric in logged:
            return metric
    shown = sorted(ends or logged)
    more = f" and {len(shown) - MOST_SHOWN} more" if len(shown) > MOST_SHOWN else ""
    rule = "is the end of several metrics" if ends else "was never logged"
    valid = ", ".join(shown[:MOST_SHOWN]) or "none was"
    raise NoSuchMetric(f"{name} {rule}; valid: {valid}{more}")
