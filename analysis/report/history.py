"""Snapshots of the runs that were reported, and how far they had come: `looks.jsonl`.

A report keeps the block of a run as it was when the run was first reported. A run that has gone on
since (resumed, or imported again) gets an update. A snapshot holds a step for each run, since the
curve up to that step is all that the report showed. Runs still under way have none: their blocks
are simply current.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ilsweep.analysis.records.curves import read_lines
from ilsweep.analysis.records.files import append_line
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths


@dataclass(frozen=True)
class Snapshot:
    """Runs that were new, or had gone on, at one snapshot."""

    time: str
    """When the last of them ended, ISO 8601; empty where no record says."""
    reached: dict[str, int]
    """Trial to the step that it had reached."""


def read_snapshots(paths: SweepPaths) -> list[Snapshot]:
    """The snapshots so far, oldest first; damaged lines are skipped."""
    snapshots = []
    for row in read_lines(paths.snapshots):
        reached = row.get("reached")
        if isinstance(reached, dict):
            steps = {name: step for name, step in reached.items() if isinstance(step, int)}
            snapshots.append(Snapshot(str(row.get("time") or ""), steps))
    return snapshots


def take_snapshot(paths: SweepPaths, trials: Sequence[TrialRecord]) -> list[Snapshot]:
    """All snapshots, this one included; it is remembered only where something is new in it."""
    snapshots = read_snapshots(paths)
    seen = {name: step for snapshot in snapshots for name, step in snapshot.reached.items()}
    new = [t for t in trials if t.finished and t.steps > seen.get(t.id, -1)]
    if new:
        snapshot = Snapshot(max(t.ended for t in new), {t.id: t.steps for t in new})
        append_line(paths.snapshots, {"time": snapshot.time, "reached": snapshot.reached})
        snapshots.append(snapshot)
    return snapshots


def first_reached(snapshots: Sequence[Snapshot]) -> dict[str, int]:
    """Trial to the step that it had reached when it was first reported."""
    return {
        name: step for snapshot in reversed(snapshots) for name, step in snapshot.reached.items()
    }


def continued_runs(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """The later snapshots, each with only the runs that had been reported before."""
    known: set[str] = set()
    later = []
    for snapshot in snapshots:
        again = {name: step for name, step in snapshot.reached.items() if name in known}
        if again:
            later.append(Snapshot(snapshot.time, again))
        known |= snapshot.reached.keys()
    return later
