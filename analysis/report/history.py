"""When the runs were looked at, and how far they had come: `looks.jsonl`.

A report keeps the block of a run as it was when the run was first reported. A run that has gone on
since (resumed, or imported again) gets an update. A curve up to the step of a look is all that the
look saw, so that is all that has to be remembered. Runs still under way are not remembered: their
blocks are simply current.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ilsweep.analysis.records.curves import read_lines
from ilsweep.analysis.records.files import append_line
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths

ENDED = ("completed", "stopped", "failed")


@dataclass(frozen=True)
class Look:
    """Runs that were new, or had gone on, at one look."""

    time: str
    """When the last of them ended, ISO 8601; empty where no record says."""
    reached: dict[str, int]
    """Trial to the step that it had reached."""


def path_of(paths: SweepPaths) -> Path:
    return paths.root / "looks.jsonl"


def read_looks(paths: SweepPaths) -> list[Look]:
    """The looks so far, oldest first; damaged lines are skipped."""
    looks = []
    for row in read_lines(path_of(paths)):
        reached = row.get("reached")
        if isinstance(reached, dict):
            steps = {name: step for name, step in reached.items() if isinstance(step, int)}
            looks.append(Look(str(row.get("time") or ""), steps))
    return looks


def take_look(paths: SweepPaths, trials: Sequence[TrialRecord]) -> list[Look]:
    """All looks, this one included; it is remembered only where something is new in it."""
    looks = read_looks(paths)
    seen = {name: step for look in looks for name, step in look.reached.items()}
    new = [t for t in trials if t.state in ENDED and t.steps > seen.get(t.id, -1)]
    if new:
        look = Look(max(t.ended for t in new), {t.id: t.steps for t in new})
        append_line(path_of(paths), {"time": look.time, "reached": look.reached})
        looks.append(look)
    return looks


def first_reached(looks: Sequence[Look]) -> dict[str, int]:
    """Trial to the step that it had reached when it was first reported."""
    return {name: step for look in reversed(looks) for name, step in look.reached.items()}


def went_on(looks: Sequence[Look]) -> list[Look]:
    """The later looks, each with only the runs that had been reported before."""
    known: set[str] = set()
    later = []
    for look in looks:
        again = {name: step for name, step in look.reached.items() if name in known}
        if again:
            later.append(Look(look.time, again))
        known |= look.reached.keys()
    return later
