"""Two formats in one file: what the reader of the first does not read of it is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ilsweep.analysis.importers.log_format import JSON_LINES, LogFormat
from ilsweep.analysis.importers.metric_names import recorded
from ilsweep.analysis.importers.registry import FORMATS
from ilsweep.analysis.importers.source import ForeignRun, Source

NEW = 0.5
"""A report was not read where at least this share of its values is in no report that was."""


def also(source: Source, found: LogFormat, runs: Sequence[ForeignRun]) -> list[str]:
    """A line for each other format of text that the file holds reports of.

    Those of JSON are told by the first line, so that they are never a second one.
    """
    if found.binary or not found.live:
        return []
    others = (e for e in FORMATS if e.live and not e.binary and e.lines != JSON_LINES)
    read = {pair for run in runs for row in recorded(run.rows) for pair in row.items()}
    notes = []
    for other in others:
        if other is found or not other.detect(source):
            continue
        theirs = (row for run in other.read(source) for row in recorded(run.rows))
        unread = sum(_new(row, read) for row in theirs)
        if unread:
            notes.append(
                f"looks like {other.title}, too: {unread} reports of that are left out (to read "
                f"them instead: --format {other.name})"
            )
    return notes


def _new(row: dict[str, Any], read: set[tuple[str, Any]]) -> bool:
    values = [pair for pair in row.items() if pair[0] != "step"]
    return sum(pair not in read for pair in values) >= max(1.0, NEW * len(values))
