"""What a spec would read of a log that is there already: `ilsweep validate SPEC --try LOG`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ilsweep.analysis.formatting import printable
from ilsweep.sweeps.external.metric_tail import SourceTail
from ilsweep.sweeps.external.recipe import recipe_of
from ilsweep.sweeps.spec.command import MetricSource
from ilsweep.sweeps.spec.plan import Plan

MOST_TEXTS = 5
"""Metrics without a number that are told."""


@dataclass(frozen=True)
class Tried:
    """What was read of a log, and which objectives were not in it."""

    lines: list[str]
    missing: list[str]


def try_log(plan: Plan, log: Path) -> Tried:
    """Read a log as the output of the spec's command would be.

    Raises:
        ValueError: the spec's trainer is no command, and reads no log.
    """
    command = plan.spec.command
    if command is None:
        raise ValueError(f"{plan.spec.trainer} is no command: it reports its metrics itself")
    given = {**plan.fixed, **dict.fromkeys(plan.space)}
    sources = recipe_of(plan.spec.trainer, command, given).sources
    objectives = [objective.metric for objective in plan.spec.objectives]
    lines: list[str] = []
    found: set[str] = set()
    for source in sources:
        more, names = _read(source, log, objectives)
        lines += more
        found |= names
    return Tried(lines, [name for name in objectives if name not in found])


def _read(source: MetricSource, log: Path, keep: Sequence[str]) -> tuple[list[str], set[str]]:
    tail = SourceTail(source.model_copy(update={"file": ""}), log.parent, log, keep)
    rows = tail.rows(last=True) or []
    curves: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        for name, value in row.items():
            if name != "step":
                curves.setdefault(name, []).append((row["step"], value))
    steps = f", steps {rows[0]['step']} to {rows[-1]['step']}" if rows else ""
    lines = [f"{log} as {source.format}: {len(rows)} reports{steps}"]
    for name, points in curves.items():
        (first, begin), (last, end) = points[0], points[-1]
        lines.append(f"  {name}: {len(points)} values, {begin:.4g} @{first} to {end:.4g} @{last}")
    for name, text in list(tail.texts.items())[:MOST_TEXTS]:
        lines.append(f"  {name}: {printable(repr(text))} is no number")
    return [printable(line) for line in lines], set(curves)
