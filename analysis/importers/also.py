"""Two formats in one file: what the reader of the first does not read of it is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ilsweep.analysis.importers.formats import json_rows
from ilsweep.analysis.importers.log_format import JSON_LINES, LogFormat
from ilsweep.analysis.importers.metric_names import recorded
from ilsweep.analysis.importers.registry import FORMATS
from ilsweep.analysis.importers.source import ForeignRun, Source

NEW = 0.5
"""A report was not read where at least this share of its values is in no report that was."""


def also(source: Source, found: LogFormat, runs: Sequence[ForeignRun]) -> list[str]:
    """A line for each other format of text that the file holds reports of."""
    if found.binary or not found.live:
        return []
    read = {pair for run in runs for row in recorded(run.rows) for pair in row.items()}
    notes = []
    for other in _others(source, found):
        theirs = (row for run in other.read(source) for row in recorded(run.rows))
        unread = sum(_new(row, read) for row in theirs)
        if unread:
            notes.append(
                f"looks like {other.title}, too: {unread} reports of that are left out (to read "
                f"them instead: --format {other.name})"
            )
    return notes


def _others(source: Source, found: LogFormat) -> Iterator[LogFormat]:
    """The formats that the file is of, too; JSON lines by the first that stands behind others."""
    behind = (line for line in source.lines if line.startswith('{"'))
    first = "" if source.head.lstrip().startswith("{") else next(behind, "")
    if json_rows.FORMAT.detect(Source(source.path, first.encode())):
        yield json_rows.FORMAT
    for other in FORMATS:
        text = other.live and not other.binary and other.lines != JSON_LINES
        if text and other is not found and other.detect(source):
            yield other


def _new(row: dict[str, Any], read: set[tuple[str, Any]]) -> bool:
    values = [pair for pair in row.items() if pair[0] != "step"]
    return sum(pair not in read for pair in values) >= max(1.0, NEW * len(values))
