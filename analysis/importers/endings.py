"""How a log ends: a training that broke off says so behind its last report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ilsweep.analysis.importers.source import ForeignRun, Source
from ilsweep.analysis.records.model import State

TAIL_BYTES = 1 << 16

_RAISED = re.compile(r"^(?:\S*\s)?([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit)\b.*)$")
_CANCELLED = re.compile(
    r"\*\*\* (?:JOB|STEP) .{0,200}? (CANCELLED) AT \S{1,40}( DUE TO .{1,80}?)? \*\*\*"
)
_KILLED = re.compile(
    r"\b(oom[-_ ]?kill\w*|Out Of Memory|Segmentation fault|Bus error)\b|^Killed\s*$"
)

STOPPED = ("CANCELLED", "KeyboardInterrupt")
"""From outside: what was reached by then counts, as of a trial that a scheduler stopped."""

_TRACEBACK = "Traceback (most recent call last):"
_AT_EXIT = "Exception ignored in"
"""What Python says of an object that is not tidied up; the training is none the worse for it."""


def with_ending(source: Source, runs: Sequence[ForeignRun], lines: str | None) -> list[ForeignRun]:
    """The only run of a log, failed or stopped where the log says so behind its last report.

    Args:
        lines: Expression that every line of a report matches; None where it is not known.
    """
    if len(runs) != 1 or runs[0].state != "completed" or not (error := broken_off(source, lines)):
        return list(runs)
    state: State = "stopped" if error.startswith(STOPPED) else "failed"
    note = f"its log ends with {error!r}: taken as {state}"
    return [replace(runs[0], state=state, error=error, notes=(*runs[0].notes, note))]


def broken_off(source: Source, lines: str | None) -> str:
    """What ended the training, from behind its last report; empty where nothing did."""
    end = list(Source(source.path, source.content[-TAIL_BYTES:]).lines)
    report = re.compile(lines) if lines else None
    last = max((i for i, line in enumerate(end) if report and report.search(line)), default=-1)
    behind = end[last + 1 :]
    for line in behind:
        if found := _CANCELLED.search(line):
            return f"{found[1]}{found[2] or ''}"
    begins = [i for i, line in enumerate(behind) if _TRACEBACK in line
              and not any(_AT_EXIT in before for before in behind[max(0, i - 2) : i])]  # fmt: skip
    if begins:
        raised = [found[1] for line in behind[begins[0] :] if (found := _RAISED.match(line))]
        return (raised or [line.strip() for line in behind if line.strip()][-1:])[0][:300]
    return next((line.strip()[:300] for line in behind if _KILLED.search(line)), "")
