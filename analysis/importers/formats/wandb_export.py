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

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.source import (
    ForeignRun,
    Source,
    as_metric,
    as_number,
    as_step,
    flatten,
    merge_rows,
    parse_json,
)

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
    header = next(_cells([first]), [])
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


def _cells(lines: Iterable[str]) -> Iterator[list[str]]:
    """The rows of a CSV, up to where it is none: an unclosed quote makes one cell of the rest."""
    reader = csv.reader(lines)
    while True:
        try:
            row = next(reader)
        except (csv.Error, StopIteration):
            return
        yield row


def _from_csv(source: Source) -> list[ForeignRun]:
    runs: dict[str, list[dict[str, Any]]] = {}
    table = _cells(line for line in source.lines if line.strip())
    header = next(table)
    at = next(header.index(name) for name in STEP_NAMES if name in header)
    columns = {
        i: (run, metric)
        for i, column in enumerate(header)
        if not column.startswith("_") and column not in STEP_NAMES and not column.endswith(BOUNDS)
        for run, _, metric in [column.rpartition(" - ")]
    }
    for cells in table:
        step = as_step(as_number(cells[at])) if at < len(cells) else None
        if step is None:
            continue
        for i, cell in enumerate(cells):
            number = as_number(cell)
            if number is not None and i in columns:
                run, metric = columns[i]
                runs.setdefault(run, []).append({"step": step, metric: number})
    return [
        ForeignRun(id=run or source.run_id, name=run, rows=merge_rows(rows))
        for run, rows in runs.items()
    ]


FORMAT = LogFormat(
    name="wandb_export",
    title="wandb history export (JSON or CSV with _step or Step)",
    detect=detect,
    read=read,
)
