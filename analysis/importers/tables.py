"""Rows of named values, from CSV or JSON, as runs: which rows are of which run.

A table of several runs one below the other is told by a column that says which (`run`, `seed`,
...), or that changes exactly where the steps begin anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ilsweep.analysis.importers.epochs import counted_on
from ilsweep.analysis.importers.metric_names import episodes_of, recorded_name
from ilsweep.analysis.importers.numbers import Unread, as_metric
from ilsweep.analysis.importers.process_column import of_the_first
from ilsweep.analysis.importers.source import ForeignRun
from ilsweep.analysis.importers.step_column import STEP_NAMES, Cells, plain, step_column, step_of
from ilsweep.analysis.importers.tasks import by_task
from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.metrics.lookup import KNOWN

RUN_NAMES = ("run", "run_id", "run_name", "name", "experiment", "exp", "exp_name", "trial",
             "trial_id", "seed")  # fmt: skip
"""Columns that say which run a row is of."""

NO_METRICS = {*STEP_NAMES, "wall_time", "wall time", "relative_time", "timestamp", "time"}

NO_VALUE = frozenset(["", "-", "--", "n/a", "na", "none", "null", "nan"])
"""What tables write where there is no value, in lower case."""

CONFIGURATIONS = ("config", "args", "cfg", "hparams", "hyperparameters")
"""Under which a script writes what it trains with."""

MOST_NOTED = 5

OWN_COUNTERS = ("step", "_step")


@dataclass(frozen=True)
class Choice:
    """Columns that the user names."""

    step: str = ""
    run: str = ""


ANY = Choice()
"""The columns are found."""


@dataclass
class Table:
    """Rows, and the columns that they have."""

    rows: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)
    config: Mapping[str, Any] = field(default_factory=dict)
    """What all of them were trained with, where that stands beside them."""

    def runs(self, run_id: str, choice: Choice = ANY) -> list[ForeignRun]:
        """The runs of the table; one without a name of its own is called `run_id`."""
        self.rows, said = of_the_first(self.rows)
        self.notes += said
        axis = choice.step or step_column(self.rows)
        self.rows, said = counted_on(self.rows, axis)
        self.notes += said
        if axis and plain(axis) not in OWN_COUNTERS:
            self.notes.append(f"the step is the column {axis}")
        elif not axis:
            self.notes.append(
                "no column is a step: the rows are counted from 1 (otherwise: --step-column NAME)"
            )
        self.notes += _not_numbers(self.rows)
        parts = split(self.rows, axis, choice.run)
        rows_of = [rows for _, rows in parts]
        columns = _parameters(rows_of, axis) if len(parts) > 1 else []
        names = _run_names(rows_of, {*columns, *parts[0][0]})
        return [
            self._run(
                run_id, axis, told, {name: rows[0].get(name) for name in columns}, names, rows
            )
            for told, rows in parts
        ]

    def _run(
        self, run_id: str, axis: str, told: Cells, more: Cells, names: set[str], rows: Sequence[Any]
    ) -> ForeignRun:
        """The run of some rows, which the columns `told` tell from the others."""
        values = {**told, **more}
        rows, said = by_task(rows, axis)
        in_full = not names and "seed" in map(plain, values)
        return ForeignRun(
            id=_id(run_id, told), name=_name(told), rows=_reports(rows, axis, set(values)),
            config={**self.config, **_config(values, names)}, notes=(*self.notes, *said),
            whole=bool(self.config) or in_full,
        )  # fmt: skip


def _not_numbers(rows: Sequence[Cells]) -> list[str]:
    """A line for each column of numbers in which something else stands."""
    unread = Unread()
    numbers: set[str] = set()
    for row in rows:
        for name, value in row.items():
            if isinstance(value, str) and value.strip().lower() not in NO_VALUE:
                unread.number(name, value)
            elif isinstance(value, bool) and recorded_name(name) == SUCCESS:
                unread.number(name, f"{value}")
                numbers.add(name)
            elif as_metric(value) is not None:
                numbers.add(name)
    return unread.notes(numbers)[:MOST_NOTED]


def one_run(rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The reports of rows that are known to be of one run, and which column is their step."""
    rows, said = of_the_first(rows)
    axis = step_column(rows)
    rows, more = counted_on(rows, axis)
    said += more
    own = plain(axis) in OWN_COUNTERS
    notes = said if own else [*said, f"the step is {axis or 'counted'}"]
    return _reports(rows, axis, set()), tuple(notes)


def split(
    rows: Sequence[dict[str, Any]], axis: str, column: str = ""
) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The rows of each run, with the columns that tell it from the others."""
    if named := column or _run_column(rows, axis):
        groups: dict[Any, list[dict[str, Any]]] = {}
        for row in rows:
            groups.setdefault(row.get(named), []).append(row)
        return [({named: value}, part) for value, part in groups.items()]
    parts = _segments(rows, axis)
    told = _telling(parts, axis) if len(parts) > 1 else []
    if not told:
        return [({}, list(rows))]
    return [({name: part[0].get(name) for name in told}, part) for part in parts]


def _run_column(rows: Sequence[Cells], axis: str) -> str:
    """A column by the name of one, in whose groups the steps rise where they do not in all."""
    names = {plain(name): name for row in rows[:1000] for name in row}
    for candidate in RUN_NAMES:
        name = names.get(candidate)
        if name is None:
            continue
        values = {str(row.get(name)) for row in rows}
        complete = all(row.get(name) is not None for row in rows)
        if complete and 1 < len(values) <= max(1, len(rows) // 2):
            groups: dict[Any, list[int]] = {}
            for row in rows:
                groups.setdefault(row.get(name), []).append(step_of(row.get(axis)) or 0)
            if not axis or all(all(a <= b for a, b in pairwise(g)) for g in groups.values()):
                return name
    return ""


def _segments(rows: Sequence[dict[str, Any]], axis: str) -> list[list[dict[str, Any]]]:
    parts: list[list[dict[str, Any]]] = [[]]
    last: int | None = None
    for row in rows:
        step = step_of(row.get(axis)) if axis else None
        if step is not None and last is not None and step < last:
            parts.append([])
        parts[-1].append(row)
        last = last if step is None else step
    return parts


def _telling(parts: Sequence[Sequence[Cells]], axis: str) -> list[str]:
    """The columns that are constant in each part, and together differ between any two."""
    constant = [
        name
        for name in parts[0][0]
        if name != axis and plain(name) not in NO_METRICS
        and all(len(part) > 1 and len({repr(row.get(name)) for row in part}) == 1 for part in parts)
        and len({repr(part[0].get(name)) for part in parts}) > 1
    ]  # fmt: skip
    keys = {tuple(repr(part[0].get(name)) for name in constant) for part in parts}
    return constant if len(keys) == len(parts) else []


def _parameters(parts: Sequence[Sequence[Cells]], axis: str) -> list[str]:
    """Columns that are no metric by their name, constant in each run, and not the same in all.

    A seed is one in any case.
    """
    found = []
    for name in parts[0][0]:
        values = [{repr(row.get(name)) for row in part} for part in parts]
        constant = all(len(own) == 1 for own in values) and min(map(len, parts)) > 1
        differs = len(set.union(*values)) > 1 or plain(name) == "seed"
        if name != axis and constant and differs and not _is_metric(name):
            found.append(name)
    return found


def _is_metric(name: str) -> bool:
    """By its name: a group that is no configuration's, a good end, a success."""
    if "/" in name:
        return plain(name).partition("/")[0] not in CONFIGURATIONS
    return plain(name) in NO_METRICS or KNOWN.direction(recorded_name(name)) is not None


def _config(values: Cells, names: set[str]) -> dict[str, Any]:
    """What a run was trained with, without what only names it, where there is anything else."""
    config = {name: value for name, value in values.items() if name not in names} or values
    groups = tuple(f"{group}/" for group in CONFIGURATIONS)
    return {
        name.partition("/")[2] if name.startswith(groups) else name: value
        for name, value in config.items()
    }


def _run_names(parts: Sequence[Sequence[Cells]], columns: Iterable[str]) -> set[str]:
    """Columns of names that no two runs share. What else such a name stands for is not known."""
    found = set()
    for name in columns:
        values = {repr(part[0].get(name)) for part in parts}
        if plain(name) in RUN_NAMES and plain(name) != "seed" and len(values) == len(parts):
            found.add(name)
    return found


def _name(told: Cells) -> str:
    return ", ".join(
        str(value) if plain(name) in RUN_NAMES and plain(name) != "seed" else f"{name}={value}"
        for name, value in told.items()
    )


def _id(run_id: str, told: Cells) -> str:
    if not told:
        return run_id
    own = all(plain(name) in RUN_NAMES and plain(name) != "seed" for name in told)
    return _name(told) if own else f"{run_id}-{_name(told)}"


def _reports(rows: Sequence[Cells], axis: str, told: set[str]) -> list[dict[str, Any]]:
    """The reports of a run. A row without a step is one of the step before it."""
    reports = []
    step = 0
    for count, row in enumerate(rows, 1):
        known = step_of(row.get(axis)) if axis else count
        step = step if known is None else known
        report: dict[str, Any] = {"step": step}
        for name, value in row.items():
            number = None if name in told or _skipped(name, axis) else as_metric(value)
            if number is not None:
                report[name] = number
        if len(report) > 1:
            reports.append({**episodes_of(row), **report})
    return reports


def _skipped(name: str, axis: str) -> bool:
    return name == axis or name.startswith("_") or plain(name) in NO_METRICS
