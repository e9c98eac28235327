"""Steps that are counted within each epoch, as loops over a data loader print them.

    {"epoch": 0, "step": 0}, {"epoch": 0, "step": 50}, {"epoch": 1, "step": 0}, ...

They fall where the epoch rises, and only there. An epoch's steps follow those of the epoch before
at the distance that reports have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ilsweep.analysis.importers.step_column import plain, step_of

NAMES = ("epoch", "train/epoch", "trainer/epoch", "epochs", "current_epoch", "ep")

COUNTED = "the steps are counted within each epoch: counted on from epoch to epoch"


def counted_on(rows: Sequence[dict[str, Any]], axis: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows with steps that go on from epoch to epoch, and what is said of it."""
    column = next((name for row in rows[:1000] for name in row if plain(name) in NAMES), "")
    if not axis or not column or column == axis:
        return list(rows), []
    steps = [step_of(row.get(axis)) for row in rows]
    at = _within(rows, column, steps)
    if at is None:
        return list(rows), []
    numbered = [{**row, axis: step} if step is not None else row
                for row, step in zip(rows, at, strict=True)]  # fmt: skip
    return numbered, [COUNTED]


def _within(
    rows: Sequence[Mapping[str, Any]], column: str, steps: Sequence[int | None]
) -> list[int | None] | None:
    """The steps, counted on; None where they do not fall just where the epoch rises."""
    known = [(step, step_of(row.get(column))) for step, row in zip(steps, rows, strict=True)
             if step is not None and step_of(row.get(column)) is not None]  # fmt: skip
    begins = [b for a, b in pairwise(known) if b[1] != a[1]]
    falls = [(a, b) for a, b in pairwise(known) if b[0] < a[0]]
    if not falls or len(falls) != len(begins) or any(b[1] == a[1] for a, b in falls):
        return None
    gaps = [b[0] - a[0] for a, b in pairwise(known) if b[0] > a[0]]
    gap = min(gaps, default=1)
    found: list[int | None] = []
    before, last, epoch = 0, None, None
    for row, step in zip(rows, steps, strict=True):
        now = step_of(row.get(column))
        if step is None:
            found.append(None)
            continue
        if last is not None and now is not None and epoch is not None and now != epoch:
            before = before + last + gap - step if now > epoch else 0
        epoch = epoch if now is None else now
        last = step
        found.append(before + step)
    return found
