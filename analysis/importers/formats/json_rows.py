"""JSON objects with a step among their values: lines of them, or one list.

wandb's history (`run.scan_history()`, `history(pandas=False)`) has `_step` and metrics; scripts
have `step` or `global_step`. Null stands where a row lacks a metric.
"""

from __future__ import annotations

from typing import Any

from ilsweep.analysis.importers.log_format import JSON_LINES, LogFormat
from ilsweep.analysis.importers.numbers import as_metric
from ilsweep.analysis.importers.source import ForeignRun, Source, flatten, objects_in, parse_json
from ilsweep.analysis.importers.tables import ANY, STEP_NAMES, Choice, Table, plain


def detect(source: Source) -> bool:
    start = source.head.lstrip()
    if start.startswith("["):
        first = next(objects_in(start, 1), None)
    else:
        line = start.partition("\n")[0]
        first = parse_json(line) or next(objects_in(line), None)
    if not isinstance(first, dict):
        return False
    steps = [name for name, value in first.items() if plain(name) in STEP_NAMES and _number(value)]
    others = sum(map(_number, flatten(first, joiner="/").values())) > len(steps)
    return bool(steps) and (others or "_step" in first)


def _number(value: Any) -> bool:
    return not isinstance(value, str) and as_metric(value) is not None


def read(source: Source, choice: Choice = ANY) -> list[ForeignRun]:
    """The runs of the file; what stands behind a tear is lost."""
    if source.head.lstrip().startswith("["):
        text = "\n".join(source.lines)
        objects = list(objects_in(text, text.find("[") + 1))
    else:
        objects = list(source.objects())
    rows = [_flat(value) for value in objects]
    return Table(rows).runs(source.run_id, choice)


def _flat(value: dict[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in flatten(value, joiner="/").items() if item is not None}


FORMAT = LogFormat(
    name="json_rows",
    title="JSON lines or a JSON list with a step (wandb history export and others)",
    detect=detect,
    read=read,
    lines=JSON_LINES,
    looks='{"step": 10, "loss": 0.1}',
)
