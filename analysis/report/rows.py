"""A sweep as a table for other programs: one row a trial, or one row a report."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.records.files import write_atomic
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.report.data import in_order
from ilsweep.analysis.report.labels import health

Row = dict[str, Any]

FORMATS = (".parquet", ".csv")


def trial_rows(analysis: Analysis) -> list[Row]:
    """One row a trial, in the order of the ranking: who it is, its parameters, its last values.

    Parameters are called `params/NAME`; metrics have their own names, after `metrics/` where a
    column is called so already. Without an order (`Ranking.no_order`) there is no rank.
    """
    ranking = analysis.ranking
    places = {i: row for row in ranking.rows for i in row.trial_ids}
    rows = []
    for trial in in_order(analysis):
        row = places.get(trial.id)
        own = {
            "trial": trial.id,
            "configuration": trial.config_id,
            "seed": trial.seed,
            "rank": row.rank if row and not ranking.no_order else None,
            "health": health(row).en if row else None,
            "state": trial.state,
            "steps": trial.steps,
            "seconds": trial.seconds,
            "error": trial.error or None,
            **{f"params/{name}": value for name, value in sorted(trial.params.items())},
        }
        metrics = ((name, trial.last(name)) for name in sorted(trial.curves))
        rows.append(own | {_free(name, own): value for name, value in metrics})
    return rows


def _free(name: str, taken: Container[str]) -> str:
    return f"metrics/{name}" if name in taken else name


def curve_rows(analysis: Analysis) -> list[Row]:
    """One row a report: trial, configuration, seed, step, and the metrics that were reported."""
    return [row for trial in analysis.sweep.trials for row in _reports(trial)]


def _reports(trial: TrialRecord) -> list[Row]:
    who = {"trial": trial.id, "configuration": trial.config_id, "seed": trial.seed}
    reports: dict[int, Row] = {}
    for name, curve in sorted(trial.curves.items()):
        for step, value in zip(curve.steps.tolist(), curve.values.tolist(), strict=True):
            reports.setdefault(step, {**who, "step": step})[_free(name, who)] = value
    return [reports[step] for step in sorted(reports)]


def write_table(rows: Sequence[Row], target: Path) -> None:
    """Write rows as Parquet or CSV, by the name's end; a value that is missing is empty.

    Raises:
        OSError: it cannot be written.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = {name: _column([row.get(name) for row in rows]) for name in columns}
    if target.suffix == ".csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*table.values(), strict=True))
        write_atomic(target, text.getvalue())
        return
    import pyarrow
    from pyarrow import parquet

    found = io.BytesIO()
    parquet.write_table(pyarrow.table(table), found)
    write_atomic(target, found.getvalue())


def _column(values: list[Any]) -> list[Any]:
    """Values of one type: numbers, truth values or text; what is none of these as JSON."""
    values = [None if isinstance(v, float) and not math.isfinite(v) else v for v in values]
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool} or kinds <= {str}:
        return values
    if kinds <= {int}:
        small = all(v is None or abs(v) <= np.iinfo(np.int64).max for v in values)
        return values if small else [None if v is None else float(v) for v in values]
    if kinds <= {int, float}:
        return [None if value is None else float(value) for value in values]
    return [v if v is None or isinstance(v, str) else json.dumps(v, default=str) for v in values]
