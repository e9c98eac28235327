"""Several trainings in one log: a fall of the steps begins another attempt.

A run that was started again repeats its steps from the first on; one that was resumed repeats those
since its checkpoint. In both the later attempt counts from its first step on, and the records keep
the earlier lines (`records.curves.effective_rows`). A report of something that was not logged at
that step is only late. Steps that go back and forth all the time are no attempts: they are sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ilsweep.analysis.importers.source import merge_rows

Row = dict[str, Any]

FEWEST = 3
"""Steps with several values of a metric from which that is said."""

MOST, SHARE = 50, 0.2
"""More falls than this, or than this share of the reports, are no restarts."""


def in_attempts(rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """Reports with their attempt, each attempt's in order and one a step; and what was seen."""
    parts = _parts(rows)
    several = _several(rows)
    if len(parts) > MOST or (len(parts) > 3 and len(parts) > SHARE * len(rows)):
        note = f"the steps fall {len(parts) - 1} times: the reports are put in order"
        return merge_rows(rows), [note, *several]
    merged = [part for part in map(merge_rows, parts) if part]
    found: list[Row] = []
    notes = several
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


@dataclass
class _Steps:
    """The steps of one metric, and how many of them have different values."""

    step: int
    value: float
    count: int = 1
    several: int = 0
    differs: bool = False

    def add(self, step: int, value: float) -> None:
        if step != self.step:
            self.step, self.value, self.differs = step, value, False
            self.count += 1
        elif value != self.value and not self.differs:
            self.differs = True
            self.several += 1


def _several(rows: Iterable[Row]) -> list[str]:
    """A line where a metric has different values at most of its steps, of which one is kept."""
    found: dict[str, _Steps] = {}
    for row in rows:
        for name, value in row.items():
            if name == "step" or value is None or value != value:
                continue
            if name in found:
                found[name].add(row["step"], value)
            else:
                found[name] = _Steps(row["step"], value)
    often = [n for n, at in found.items() if at.several >= FEWEST and 2 * at.several > at.count]
    if not often:
        return []
    shown = ", ".join(often[:3]) + (f" and {len(often) - 3} more" if len(often) > 3 else "")
    return [
        f"{shown}: several values at most steps (of several processes that write one log, or of "
        "two metrics that mean the same): the last one counts"
    ]


def _said(before: Sequence[Row], part: Sequence[Row], number: int) -> str:
    reached, begins = before[-1]["step"], part[0]["step"]
    if begins <= before[0]["step"]:
        return (
            f"starts again at step {begins} after step {reached}: taken as attempt {number} of the "
            "same run, and the last attempt is what counts"
        )
    return f"resumed at step {begins} after step {reached}: joined, the overlap dropped"
