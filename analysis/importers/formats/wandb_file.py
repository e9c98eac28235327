"""An offline wandb run, `run-ID.wandb`: written by wandb 0.10 and later.

The step of a metric is the one that `define_metric` gave it; else a counter that rises with the
rows (`train/global_step`); else wandb's own `_step`, which counts calls of `log`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from ilsweep.analysis.importers.formats.leveldb_log import is_wandb, records
from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import as_metric, as_step
from ilsweep.analysis.importers.source import ForeignRun, Source, flatten, parse_json
from ilsweep.analysis.importers.tables import one_run


def detect(source: Source) -> bool:
    return is_wandb(source.content)


def read(source: Source) -> list[ForeignRun]:
    """The run of the file; of a torn file, what it holds. No exit record: it has not ended.

    Raises:
        ModuleNotFoundError: wandb, whose message types are needed, is not installed.
    """
    from wandb.proto.wandb_internal_pb2 import Record

    run: Any = None
    config: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    exit_code: int | None = None
    times: list[float] = []
    axes: dict[str, str] = {}
    for data in records(source.content):
        record = Record()
        try:
            record.ParseFromString(data)
        except Exception:  # noqa: BLE001 - protobuf's DecodeError has two names
            continue
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run = record.run
            update(config, run.config)
        elif kind == "config":
            update(config, record.config)
        elif kind == "history":
            row = _row(record.history)
            times += [row.pop("_timestamp")] if "_timestamp" in row else []
            rows.append(row)
        elif kind == "metric" and record.metric.step_metric:
            axes[record.metric.name or record.metric.glob_name] = record.metric.step_metric
        elif kind == "exit":
            exit_code = record.exit.exit_code
    reports, notes = _by_axes(rows, axes) if axes else one_run(rows)
    return [replace(_run(source, run, config, reports, exit_code, times), notes=notes)]


def _by_axes(
    rows: Sequence[dict[str, Any]], axes: Mapping[str, str]
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Each row's metrics at the steps that `define_metric` gave them.

    The last one where a row has none.
    """
    names = {name: _axis_of(name, axes) for row in rows for name in row}
    counters = set(names.values())
    last: dict[str, int] = {}
    reports: list[dict[str, Any]] = []
    for row in rows:
        parts: dict[str, dict[str, Any]] = {}
        for name, value in row.items():
            step = as_step(value) if name in counters else None
            if step is not None:
                last[name] = step
            if not name.startswith("_") and name not in counters:
                parts.setdefault(names[name], {})[name] = value
        for axis, metrics in parts.items():
            reports.append({"step": last.get(axis, last.get("_step", 0)), **metrics})
    used = sorted({axis for axis in counters if axis != "_step"})
    return reports, (f"the step is {', '.join(used)} (define_metric)",)


def _axis_of(name: str, axes: Mapping[str, str]) -> str:
    if name in axes:
        return axes[name]
    return next((axis for glob, axis in axes.items() if fnmatchcase(name, glob)), "_step")


def _run(
    source: Source,
    run: Any,
    config: dict[str, Any],
    rows: list[dict[str, Any]],
    exit_code: int | None,
    times: list[float],
) -> ForeignRun:
    run_id = (run.run_id if run is not None else "") or source.run_id.removeprefix("run-")
    page = ""
    if run is not None and run.entity and run.project:
        page = f"https://wandb.ai/{run.entity}/{run.project}/runs/{run_id}"
    started = run.start_time.seconds if run is not None else 0
    return ForeignRun(
        id=run_id,
        rows=[row for row in rows if len(row) > 1],
        own_id=run is not None,
        whole=any(key != "_wandb" for key in config),
        name=run.display_name if run is not None else "",
        url=page,
        config={key: value for key, value in config.items() if key != "_wandb"},
        state="running" if exit_code is None else "failed" if exit_code else "completed",
        error=f"exit code {exit_code}" if exit_code else "",
        ended=_iso(max(times)) if times else "",
        seconds=max(times) - started if times and started else math.nan,
    )


def _iso(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):
        return ""


def _name(item: Any) -> list[str]:
    return list(item.nested_key) or [item.key]


def update(config: dict[str, Any], change: Any) -> None:
    """Apply a change of the configuration to `config`, in place."""
    for item in change.update:
        *parents, last = _name(item)
        target = config
        for parent in parents:
            inner = target.get(parent)
            target[parent] = target = inner if isinstance(inner, dict) else {}
        target[last] = parse_json(item.value_json)
    for item in change.remove:
        *parents, last = _name(item)
        target = config
        for parent in parents:
            inner = target.get(parent)
            target = inner if isinstance(inner, dict) else {}
        target.pop(last, None)


def _row(history: Any) -> dict[str, Any]:
    """A history record as a report: numbers by name, nested ones joined by `/`."""
    values = _nested((_name(item), parse_json(item.value_json)) for item in history.item)
    step = as_step(values.get("_step"))
    row: dict[str, Any] = {"_step": as_step(history.step.num) or 0 if step is None else step}
    for name, value in values.items():
        number = as_metric(value)
        if number is not None and (name == "_timestamp" or not name.startswith("_")):
            row[name] = number
    return row


def _nested(items: Iterable[tuple[list[str], Any]]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for names, value in items:
        name = "/".join(names)
        flat |= flatten(value, name, "/") if isinstance(value, dict) else {name: value}
    return flat


FORMAT = LogFormat(
    name="wandb",
    title="offline wandb run (.wandb)",
    detect=detect,
    read=read,
    lines="",
    looks="run-m55wsgj6.wandb",
)
