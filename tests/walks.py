"""A trainer whose every number is known beforehand, and the sweeps of it that tests disturb."""

from __future__ import annotations

import random
from pathlib import Path

from ilsweep.analysis.records.curves import effective_rows
from tests.sweeps.as_typed import rows, trials

STEPS, EVERY, SAVED = 100, 10, 20


def walk(drift: float, seed: int) -> list[float]:
    """Mean of the walk over each interval between reports, computed apart from the trainer."""
    x, losses, total = 0.0, [], 0.0
    for step in range(STEPS):
        x += drift + random.Random(f"{seed} {step}").gauss()
        total = x if step % EVERY == 0 else total + x
        if (step + 1) % EVERY == 0:
            losses.append(total / EVERY)
    return losses


def check_undisturbed(root: Path, count: int) -> None:
    """All `count` trials ended once; what they reported counts once, in order, as it should be.

    Raises:
        AssertionError: something was lost, came twice or is another number.
    """
    found = trials(root)
    assert len(found) == count
    for trial in found.values():
        assert trial.state == "completed", trial
        written = rows(root, trial.id)
        attempts = [row["attempt"] for row in written]
        assert attempts == sorted(attempts), trial.id
        lines = effective_rows(written)
        assert [row["step"] for row in lines] == list(range(EVERY, STEPS + 1, EVERY)), trial.id
        expected = walk(trial.params["drift"], trial.seed or 0)
        assert [row["train/loss"] for row in lines] == expected, trial.id
