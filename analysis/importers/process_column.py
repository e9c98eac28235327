"""A column that tells which of several processes wrote a row; the first one's rows count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ilsweep.analysis.importers.step_column import plain

NAMES = ("rank", "local_rank", "global_rank", "process_rank", "process_index", "process_id",
         "dp_rank", "world_rank")  # fmt: skip


def of_the_first(rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of the first process without the column, those without a process; what was seen."""
    columns = {name for row in rows[:1000] for name in row if plain(name) in NAMES}
    notes: list[str] = []
    kept = list(rows)
    for name in sorted(columns):
        numbers = {row[name] for row in kept if name in row}
        if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers):
            continue
        if len(numbers) > 1:
            first = min(numbers)
            kept = [row for row in kept if row.get(name, first) == first]
            notes.append(f"{name}: {len(numbers)} processes wrote it: the reports of {first} count")
        kept = [{n: value for n, value in row.items() if n != name} for row in kept]
    return kept, notes
