"""Several trainings in one log: a fall of the steps begins another attempt.

A run that was started again repeats its steps from the first on; one that was resumed repeats those
since its checkpoint. In both the later attempt counts from its first step on, and the records keep
the earlier lines (`records.curves.effective_rows`). A report of something that was not logged at
that step is only late. Steps that go back and forth all the time are no attempts: they are sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ilsweep.analysis.importers.source import merge_rows

Row = dict[str, Any]

MOST, SHARE = 50, 0.2
"""More falls than this, or than this share of the reports, are no restarts."""


def in_attempts(rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """Reports with their attempt, each attempt's in order and one a step; and what was seen."""
    parts = _parts(rows)
    if len(parts) > MOST or (len(parts) > 3 and len(parts) > SHARE * len(rows)):
        note = f"the steps fall {len(parts) - 1} times: the reports are put in order"
        return merge_rows(rows), [note]
    merged = [part for part in map(merge_rows, parts) if part]
    found: list[Row] = []
    notes: list[str] = []
    for number, part in enumerate(merged, 1):
        found += [{"attempt": number, **row} for row in part] if len(merged) > 1 else part
        if number > 1:
            notes.append(_said(merged[number - 2], part, number))
    return found, notes


def _parts(rows: Sequence[Row]) -> list[list[Row]]:
    parts: list[list[Row]] = [[]]
    last: dict[str, int] = {}
    for row in rows:
        step = row["step"]
        if any(last.get(name, step) > step for name in row if name != "step"):
            parts.append([])
            last = {}
        parts[-1].append(row)
        last |= {name: step for name in row if name != "step"}
    return parts


def _said(before: Sequence[Row], part: Sequence[Row], number: int) -> str:
    reached, begins = before[-1]["step"], part[0]["step"]
    if begins <= before[0]["step"]:
        return (
            f"starts again at step {begins} after step {reached}: taken as attempt {number} of the "
            "same run, and the last attempt is what counts"
        )
    return f"resumed at step {begins} after step {reached}: joined, the overlap dropped"
