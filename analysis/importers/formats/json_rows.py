"""JSON objects with a step among their values: lines of them, or one list.

wandb's history (`run.scan_history()`, `history(pandas=False)`) has `_step` and metrics; scripts
have `step` or `global_step`. Null stands where a row lacks a metric. One object of columns
(`{"train_loss": [1, 0.5]}`) or of reports by step (`{"2000": {"success": 0.4}}`) is read, too.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ilsweep.analysis.importers.folders import step_in
from ilsweep.analysis.importers.log_format import JSON_LINES, LogFormat
from ilsweep.analysis.importers.metric_names import recorded_name
from ilsweep.analysis.importers.numbers import as_metric
from ilsweep.analysis.importers.source import (
    ForeignRun,
    Source,
    flatten,
    objects_in,
    parse_json,
)
from ilsweep.analysis.importers.step_column import STEP_NAMES, plain
from ilsweep.analysis.importers.tables import ANY, CONFIGURATIONS, Choice, Table
from ilsweep.analysis.metrics.lookup import KNOWN

LOOKED_AT = 50
"""Lines among which a report stands, where others come first."""

_LIST = re.compile(r"\[\s*[{\]]")
"""How a list of reports begins, and not a line behind `[2026-05-01][train][INFO]`."""

CALLED_WITH = ("seed", "lr", "learning_rate", "batch_size")
"""Names of which a configuration has one."""

WRAPPERS = ("metrics", "scalars", "values", "logs")
"""Keys under which a report's numbers stand together."""


def detect(source: Source) -> bool:
    start = source.head.lstrip()
    if _LIST.match(start):
        first = objects_in(start, 1)
    else:
        lines = start.split("\n", LOOKED_AT)[:LOOKED_AT]
        first = Source(source.path, "\n".join(lines).encode()).objects()
    found = sum(map(_is_report, itertools.islice(first, LOOKED_AT)))
    return found > 1 or (found == 1 and not _is_lone(source)) or bool(_of_one(source))


def _is_lone(source: Source) -> bool:
    """Whether the one report stands among lines of another kind: what a script was called with."""
    others = (line for line in source.head.split("\n") if line.strip() and "{" not in line)
    return next(others, None) is not None and len(_reports_in(source.head, 2)) < 2


def _reports_in(head: str, most: int) -> list[dict[str, Any]]:
    objects = Source(Path(), head.encode()).objects()
    return list(itertools.islice(filter(_is_report, objects), most))


def _is_report(value: dict[str, Any]) -> bool:
    """Whether an object has a step, and another number beside it."""
    steps = [name for name, item in value.items() if plain(name) in STEP_NAMES and _number(item)]
    others = sum(map(_number, flatten(value, joiner="/").values())) > len(steps)
    return bool(steps) and (others or "_step" in value)


def _of_one(source: Source) -> list[dict[str, Any]]:
    """The reports of a file that is one object: of columns, of reports by step, or a list of them.

    A configuration that stands beside a list is in its first report.
    """
    if not source.head.lstrip().startswith("{"):
        return []
    value = parse_json(source.content)
    if not isinstance(value, dict):
        return []
    return _columns(value) or _groups_of_columns(value) or _by_step(value) or _listed(value)


def _groups_of_columns(value: dict[str, Any]) -> list[dict[str, Any]]:
    """`{"train": {"loss": [..]}, "val": {"loss": [..]}}`; other lists of numbers are none."""
    flat = flatten(value, joiner="/")
    known = any(KNOWN.direction(recorded_name(name)) is not None for name in flat)
    return _columns(flat) if known else []


def _listed(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The one list of reports, the first of which gets the configuration beside it."""
    lists = [item for item in value.values() if isinstance(item, list) and _are_reports(item)]
    if len(lists) != 1:
        return []
    beside = {n: v for n, v in value.items() if plain(n) in CONFIGURATIONS and isinstance(v, dict)}
    return [{**beside, **lists[0][0]}, *lists[0][1:]]


def _are_reports(items: list[Any]) -> bool:
    return all(isinstance(item, dict) for item in items) and any(map(_is_report, items))


def _columns(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Lists of numbers of one length, two or more, side by side."""
    lists = {name: item for name, item in value.items() if isinstance(item, list) and item}
    lengths = {len(item) for item in lists.values()}
    if len(lists) < 2 or len(lists) < len(value) or len(lengths) != 1:
        return []
    if not all(item is None or _number(item) for column in lists.values() for item in column):
        return []
    return [_flat(dict(zip(lists, row, strict=True))) for row in zip(*lists.values(), strict=True)]


def _by_step(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Reports by step, which is a whole number or a checkpoint's name; all of them numbers."""
    steps = [int(name) if name.isdecimal() else step_in(name)[1] for name in value]
    if len(value) < 2 or None in steps or len(set(steps)) < len(steps):
        return []
    if not all(isinstance(row, dict) and any(map(_number, row.values())) for row in value.values()):
        return []
    rows = [{"step": step, **_flat(row)} for step, row in zip(steps, value.values(), strict=True)]
    return sorted(rows, key=lambda row: int(row["step"]))  # names are often in the order of texts


def _number(value: Any) -> bool:
    return as_metric(value) is not None


def read(source: Source, choice: Choice = ANY) -> list[ForeignRun]:
    """The runs of the file; what stands behind a tear is lost."""
    parts = _begun(_of_one(source) or list(_objects(source)))
    if len(parts) == 1:
        return _runs(parts[0], source.run_id, choice)
    several = f"{len(parts)} configurations stand in it: each begins a run"
    found = [run for number, part in enumerate(parts, 1)
             for run in _runs(part, f"{source.run_id}-{number}", choice)]  # fmt: skip
    return [replace(run, notes=(several, *run.notes)) for run in found]


def _runs(objects: list[dict[str, Any]], run_id: str, choice: Choice) -> list[ForeignRun]:
    config, objects = _config(objects)
    rows = [_flat(value) for value in objects]
    if not config and _is_called_with(rows):
        config, rows = objects[0], rows[1:]
    begins = next((i for i, row in enumerate(rows) if _is_report(row)), 0)
    return Table(rows[begins:], config=config).runs(run_id, choice)


def _is_called_with(rows: list[dict[str, Any]]) -> bool:
    """Whether the first object is what the script was called with.

    It has a seed, a rate or a batch, and no name that the others have.
    """
    if len(rows) < 3 or not any(plain(name) in CALLED_WITH for name in rows[0]):
        return False
    return not rows[0].keys() & {name for row in rows[1:] for name in row}


def _begun(objects: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The objects from each configuration on that stands alone and has not begun a run before."""
    found: dict[str, list[dict[str, Any]]] = {}
    now: list[dict[str, Any]] = []
    first: list[dict[str, Any]] = now
    for value in objects:
        alone = not _is_report(value) and [
            item
            for n, item in value.items()
            if plain(n) in CONFIGURATIONS and isinstance(item, dict)
        ]
        if alone:
            key = json.dumps(alone, sort_keys=True)
            now = found.setdefault(key, [] if found else first)
        now.append(value)
    return list(found.values()) or [first]


def _objects(source: Source) -> Iterator[dict[str, Any]]:
    if _LIST.match(source.head.lstrip()):
        text = "\n".join(source.lines)
        return objects_in(text, text.find("[") + 1)
    return source.objects()


def _config(objects: list[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The one configuration that stands in the objects, and the objects without it.

    Of several none is taken out: the runs of a table differ in them.
    """
    found = {
        json.dumps(item, sort_keys=True): item
        for value in objects
        for name, item in value.items()
        if plain(name) in CONFIGURATIONS and isinstance(item, dict)
    }
    if len(found) != 1:
        return {}, objects
    ((_, config),) = found.items()
    kept = [{n: v for n, v in value.items() if v != config or plain(n) not in CONFIGURATIONS}
            for value in objects]  # fmt: skip
    return config, kept


def _flat(value: dict[str, Any]) -> dict[str, Any]:
    """By joined names; `{"metrics": {...}}` is what is in it."""
    opened = {**value}
    for name in [n for n in value if plain(n) in WRAPPERS and isinstance(value[n], dict)]:
        opened |= opened.pop(name)
    return {name: item for name, item in flatten(opened, joiner="/").items() if item is not None}


FORMAT = LogFormat(
    name="json_rows",
    title="JSON lines or a JSON list with a step (wandb history export and others)",
    detect=detect,
    read=read,
    lines=JSON_LINES,
    looks='{"step": 10, "loss": 0.1}',
)
