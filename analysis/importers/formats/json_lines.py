"""The contract's own form: `{"run": {...}}`, then one object a report with `step` and metrics.

Also a bare `metrics.jsonl` of a trial, without the first line. A run that is there again is another
attempt; with another configuration it is another run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ilsweep.analysis.importers.epochs import counted_on
from ilsweep.analysis.importers.formats import json_rows
from ilsweep.analysis.importers.log_format import JSON_LINES, LogFormat
from ilsweep.analysis.importers.numbers import as_metric, as_step
from ilsweep.analysis.importers.process_column import of_the_first
from ilsweep.analysis.importers.same_run import contradict
from ilsweep.analysis.importers.source import ForeignRun, Source, parse_json
from ilsweep.analysis.records.curves import NOT_METRICS


def detect(source: Source) -> bool:
    for line in source.head.split("\n"):
        value = parse_json(line)
        if isinstance(value, dict):
            return isinstance(value.get("run"), dict) or _is_report(value)
        if line.strip():
            return False
    return False


def _is_report(row: dict[str, Any]) -> bool:
    """A number or null under a name with a group; other rows are those of `json_rows`."""
    return as_step(row.get("step")) is not None and any(
        "/" in name and (value is None or as_metric(value) is not None)
        for name, value in row.items()
    )


def read(source: Source) -> list[ForeignRun]:
    """Each `run` line begins a run.

    Lines without one are read as any others are where `step` is no whole number in all of them, or
    no metric stands beside it: a command's may have `epoch`, `"1,000"` or `{"train": {...}}`.
    """
    objects = list(source.objects())
    headed = any(isinstance(value.get("run"), dict) for value in objects)
    if not headed and (not any(map(_with_metric, objects)) or any(map(_without_step, objects))):
        return json_rows.read(source)
    objects, said = of_the_first(objects)
    if not headed:
        objects, more = counted_on(objects, "step")
        said += more
    heads: list[dict[str, Any]] = []
    rows: list[list[dict[str, Any]]] = []
    for value in objects:
        if isinstance(value.get("run"), dict):
            heads.append(value["run"])
            rows.append([])
        elif as_step(value.get("step")) is not None:
            if not heads:
                heads.append({})
                rows.append([])
            rows[-1].append(_report(value))
    runs = [_run(head, reports, source) for head, reports in zip(heads, rows, strict=True)]
    return _apart([replace(run, notes=tuple(said)) for run in runs])


def _with_metric(row: dict[str, Any]) -> bool:
    return as_step(row.get("step")) is not None and len(_report(row)) > 1


def _without_step(row: dict[str, Any]) -> bool:
    return row.get("step") is not None and as_step(row["step"]) is None


def _apart(runs: Sequence[ForeignRun]) -> list[ForeignRun]:
    """Runs of one id that were trained otherwise, each by an id of its own."""
    known: dict[str, list[ForeignRun]] = {}
    found = []
    for run in runs:
        others = known.setdefault(run.id, [])
        at = next((i for i, other in enumerate(others) if not contradict(other, run)), len(others))
        if at == len(others):
            others.append(run)
        if at and run.own_id:
            other = f"{run.id}-{at + 1}"
            note = f"{run.id} is there again with another configuration: {other} is its own run"
            run = replace(run, id=other, notes=(*run.notes, note))
        found.append(run)
    return found


def _report(row: dict[str, Any]) -> dict[str, Any]:
    report: dict[str, Any] = {"step": as_step(row["step"])}
    for name, value in row.items():
        number = math.nan if value is None else as_metric(value)
        if name not in NOT_METRICS and number is not None:
            report[name] = number
    return report


def _run(head: dict[str, Any], rows: list[dict[str, Any]], source: Source) -> ForeignRun:
    config = head.get("config")
    state = head.get("state")
    return ForeignRun(
        id=str(head.get("id") or source.run_id),
        rows=rows,
        name=str(head.get("name") or ""),
        url=str(head.get("url") or ""),
        config=config if isinstance(config, dict) else {},
        whole=bool(config) and isinstance(config, dict),
        own_id=bool(head.get("id")),
        state=state if state in ("running", "completed", "stopped", "failed") else "completed",
        error=str(head.get("error") or ""),
        ended=str(head.get("ended") or ""),
    )


FORMAT = LogFormat(
    name="json_lines",
    title='JSON lines (first line {"run": {...}})',
    detect=detect,
    read=read,
    lines=JSON_LINES,
    looks='{"step": 50, "train/loss": 2.5}',
)
