"""`logs.json.txt` of diffusion_policy: a JSON object a line, with `global_step` and metrics."""

from __future__ import annotations

from typing import Any

from ilsweep.analysis.importers.log_format import JSON_LINES, LogFormat
from ilsweep.analysis.importers.source import (
    ForeignRun,
    Source,
    as_metric,
    as_step,
    merge_rows,
    parse_json,
)

COUNTERS = ("global_step", "epoch")


def detect(source: Source) -> bool:
    value = parse_json(source.head.partition("\n")[0])
    return isinstance(value, dict) and "global_step" in value


def read(source: Source) -> list[ForeignRun]:
    """The run of the log."""
    rows: list[dict[str, Any]] = []
    for value in source.objects():
        step = as_step(value.get("global_step"))
        if step is None:
            continue
        numbers = {name: as_metric(item) for name, item in value.items() if name not in COUNTERS}
        row = {"train/lr" if n == "lr" else n: v for n, v in numbers.items() if v is not None}
        rows.append({"step": step, **row})
    config = {"policy": {"type": "diffusion_policy"}}
    return [ForeignRun(id=source.run_id, rows=merge_rows(rows), config=config)]


FORMAT = LogFormat(
    name="diffusion_policy",
    title="diffusion_policy logs.json.txt",
    detect=detect,
    read=read,
    lines=JSON_LINES,
)
