"""Which column of a table is the step.

The first of the usual names whose whole numbers rise with the rows; wandb's `_step`, which counts
calls of `log`, comes after a script's own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ilsweep.analysis.importers.folders import step_in
from ilsweep.analysis.importers.numbers import as_metric, as_step

Cells = Mapping[str, Any]

STEP_NAMES = (
    "step", "global_step", "train/global_step", "trainer/global_step", "train/step",
    "training/step", "vla_train/step", "train/optimization_step", "iteration", "iterations",
    "train/iteration", "iter", "num_updates", "timestep", "timesteps", "num_timesteps",
    "total_steps", "total_timesteps", "timesteps_total", "training_iteration", "checkpoint", "ckpt",
    "checkpoint_step", "ckpt_step", "_step", "batch", "batch_idx",
    "epoch", "train/epoch",
)  # fmt: skip
"""In lower case, blanks as `_`; the first that fits is the step. A checkpoint may be called by its
file: `act_step_2000.ckpt`."""


def plain(name: str) -> str:
    """A column's name in lower case, with underscores for spaces."""
    return name.strip().lower().replace(" ", "_")


def step_column(rows: Sequence[Cells]) -> str:
    """The column that is the step; empty where none is."""
    names = {plain(name): name for row in rows[:1000] for name in row}
    for candidate in STEP_NAMES:
        name = names.get(candidate)
        if name is None or _fractions(rows, name):
            continue
        if _is_axis([step_of(row.get(name)) for row in rows]):
            return name
    return ""


def _fractions(rows: Sequence[Cells], name: str) -> bool:
    """Whether a column has numbers that are not whole, and so no steps."""
    numbers = (as_metric(row.get(name)) for row in rows)
    return any(n is not None and math.isfinite(n) and n % 1 for n in numbers)


def step_of(value: Any) -> int | None:
    """A cell as a step, also within the name of a checkpoint; None where it is none."""
    number = as_metric(value)
    if number is None and isinstance(value, str):
        return step_in(value.rstrip("/").rpartition("/")[2].split(".")[0])[1]
    return None if number is None or number != number else as_step(number)


def _is_axis(steps: Sequence[int | None]) -> bool:
    """Whether steps are there in most of the rows, differ, and rise but where a run begins."""
    known = [step for step in steps if step is not None]
    if 2 * len(known) < len(steps) or not known:
        return False
    if len(known) > 1 and len(set(known)) == 1:
        return False
    falls = sum(b < a for a, b in pairwise(known))
    return falls <= max(1, len(known) // 2)
