"""A run's history as wandb's API or web page exports it: JSON lines, a JSON list, or CSV.

JSON rows have `_step` and metrics. The page's CSV has a column `Step` and, for each run and metric,
a column `RUN - METRIC` beside its `__MIN` and `__MAX`; one of `DataFrame.to_csv` has `_step`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from analysis.importers.source import (
    ForeignRun,
    Source,
    as_metric,
    as_number,
    as_step,
    flatten,
    merge_rows,
    parse_json,
)

NAME = "wandb history export (JSON or CSV with _step or Step)"
STEP_NAMES = ("_step", "Step")
_BETWEEN = re.compile(r"[\s,]*")
BOUNDS = ("__MIN", "__MAX")


def detect(source: Source) -> bool:
    start = source.head.lstrip()
    if start.startswith("["):
        return '"_step"' in start
    first = start.partition("\n")[0]
    value = parse_json(first)
    if isinstance(value, dict):
        return "_step" in value
    header = next(csv.reader([first]), [])
    return len(header) > 1 and any(name in header for name in STEP_NAMES)


def read(source: Source) -> list[ForeignRun]:
    """The run of the file; of the page's CSV, each of its runs."""
    start = source.head.lstrip()
    if start.startswith("["):
        return [_run(source, _objects("\n".join(source.lines)))]
    if start.startswith("{"):
        return [_run(source, source.objects())]
    return _from_csv(source)


def _run(source: Source, rows: Iterable[dict[str, Any]]) -> ForeignRun:
    return ForeignRun(id=source.run_id, rows=merge_rows([_row(row) for row in rows]))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON list, up to where it is torn."""
    decoder = json.JSONDecoder()
    at = text.find("[") + 1
    while begin := _BETWEEN.match(text, at):
        try:
            value, at = decoder.raw_decode(text, begin.end())
        except (ValueError, RecursionError):
            return
        if isinstance(value, dict):
            yield value


def _row(exported: dict[str, Any]) -> dict[str, Any]:
    """A report without what is null: an export writes null where a row lacks a metric."""
    step = as_step(exported.get("_step"))
    row: dict[str, Any] = {"step": 0 if step is None else step}
    for name, value in flatten(exported, joiner="/").items():
        number = as_metric(value)
        if number is not None and not name.startswith("_"):
            row[name] = number
    return row


def _from_csv(source: Source) -> list[ForeignRun]:
    runs: dict[str, list[dict[str, Any]]] = {}
    for cells in csv.DictReader(line for line in source.lines if line.strip()):
        step = next(
            (as_step(as_number(cells[name] or "")) for name in STEP_NAMES if name in cells), None
        )
        if step is None:
            continue
        for column, cell in cells.items():
            if not isinstance(column, str) or column.startswith("_") or column in STEP_NAMES:
                continue
            number = as_number(cell or "")
            if number is None or column.endswith(BOUNDS):
                continue
            run, _, metric = column.rpartition(" - ")
            runs.setdefault(run, []).append({"step": step, metric: number})
    return [
        ForeignRun(id=run or source.run_id, name=run, rows=merge_rows(rows))
        for run, rows in runs.items()
    ]
