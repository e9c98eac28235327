"""W&B's table of runs: one row a run, with its configuration and the last value of each metric.

Three forms: the CSV that a workspace exports (`Name`, `State`, then parameters and metrics side by
side), the CSV of W&B's guide to its API (`summary`, `config`, `name`, both dictionaries as Python
prints them), and JSON objects with `config` and `summary`. Of the first, the names of its columns
say which are metrics.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ilsweep.analysis.importers.formats.csv_file import table_rows
from ilsweep.analysis.importers.formats.table_lines import delimiter_of
from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.metric_names import recorded_name
from ilsweep.analysis.importers.numbers import as_metric, as_step, numbers_of
from ilsweep.analysis.importers.printed import literal
from ilsweep.analysis.importers.source import (
    ForeignRun,
    Source,
    flatten,
    objects_in,
    parse_json,
)
from ilsweep.analysis.metrics.lookup import KNOWN
from ilsweep.analysis.records.model import State

STATES: Mapping[str, State] = {
    "finished": "completed", "failed": "failed", "crashed": "failed", "killed": "stopped",
    "preempted": "stopped", "running": "running", "pending": "running",
}  # fmt: skip

ABOUT = frozenset([
    "name", "id", "state", "notes", "user", "tags", "created", "runtime", "sweep", "group",
    "job type", "description", "commit", "githash", "github", "gpu count", "gpu type",
    "hostname", "end time", "updated", "display name", "start time", "duration", "entity",
    "project",
])  # fmt: skip
"""Columns of the workspace's table that tell of the run, in lower case. What it shows of parameters
is not all that there are."""

_TIMES = re.compile(r"_(timestamp|runtime|wandb|step)$|^_")


def detect(source: Source) -> bool:
    start = source.head.lstrip()
    if start.startswith(("[", "{")):
        first = next(objects_in(start, int(start[0] == "[")), {})
        return isinstance(first.get("config"), dict) and isinstance(_summary(first), dict)
    header = start.partition("\n")[0]
    names = {name.strip().lower() for name in next(table_rows([header], delimiter_of(header)), [])}
    return {"name", "state"} <= names or {"summary", "config", "name"} <= names


def read(source: Source) -> list[ForeignRun]:
    """The runs of the table."""
    rows = _objects(source) if source.head.lstrip().startswith(("[", "{")) else _of_csv(source)
    names: Counter[str] = Counter()
    runs = []
    for row in rows:
        run = _run(row, source)
        names[run.id] += 1
        again = f"{run.id}-{names[run.id]}"
        runs.append(run if names[run.id] == 1 else replace(run, id=again))
    return runs


def _summary(row: Mapping[str, Any]) -> Any:
    return row.get("summary", row.get("summary_metrics", row.get("summaryMetrics")))


def _objects(source: Source) -> Iterable[dict[str, Any]]:
    text = "\n".join(source.lines)
    return objects_in(text, text.find("[") + 1 if text.lstrip().startswith("[") else 0)


def _of_csv(source: Source) -> Iterator[dict[str, Any]]:
    lines = (line for line in source.lines if line.strip())
    first = next(lines, "")
    table = table_rows(itertools.chain([first], lines), delimiter_of(first))
    header = [name.strip() for name in next(table, [])]
    for cells in table:
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
        plain = {name.lower(): cell for name, cell in row.items()}
        if "summary" in plain and "config" in plain:
            yield {
                **plain,
                "summary": literal(plain["summary"]),
                "config": literal(plain["config"]),
            }
        else:
            values = {n: c for n, c in row.items() if c and n and n.lower() not in ABOUT}
            summary = {name: cell for name, cell in values.items() if _is_metric(name)}
            config = {name: _value(cell) for name, cell in values.items() if name not in summary}
            yield {**plain, "summary": summary, "config": config, "in_part": True}


def _is_metric(name: str) -> bool:
    """By its name: a group, a good end, a success. `lr` and `kl_weight` are parameters here."""
    return (
        "/" in name or bool(_TIMES.search(name)) or KNOWN.direction(recorded_name(name)) is not None
    )


def _value(text: str) -> Any:
    if text in ("True", "true", "False", "false"):
        return text.lower() == "true"
    found = parse_json(text)
    return text if found is None else found


def _run(row: Mapping[str, Any], source: Source) -> ForeignRun:
    summary = flatten(_summary(row) or {}, joiner="/")
    step = as_step(as_metric(summary.get("_step")))
    known = numbers_of({n: v for n, v in summary.items() if not _TIMES.search(n)})
    name = str(row.get("name") or row.get("display_name") or row.get("id") or source.run_id)
    config = row.get("config")
    config = {
        key: value["value"] if isinstance(value, dict) and value.keys() <= {"value", "desc"}
        and "value" in value else value
        for key, value in (config if isinstance(config, dict) else {}).items()
        if key != "_wandb"
    }  # fmt: skip
    return ForeignRun(
        id=str(row.get("id") or name),
        name=name,
        url=str(row.get("url") or ""),
        rows=[{"step": step or 0, **known}] if known else [],
        config=config,
        whole=bool(config) and "in_part" not in row,
        own_id=True,
        state=STATES.get(str(row.get("state") or "finished").lower(), "completed"),
        notes=("one report a run, its last: no course of training is known",),
    )


FORMAT = LogFormat(
    name="wandb_runs",
    title="W&B's table of runs (CSV of a workspace, CSV or JSON by its API)",
    detect=detect,
    read=read,
    looks="Name,State,lr,val_loss",
)
