"""All trials of a sweep as its screen sees them: states and time left."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, field

from ilsweep.analysis.metrics.not_finite import ends_finite
from ilsweep.analysis.records.model import State, TrialRecord

ENDED = ("completed", "stopped", "failed")


@dataclass
class TrialProgress:
    """A trial as the screen sees it."""

    id: str
    state: State
    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    value: float = math.nan
    """Last finite value of the first objective's metric; NaN where there is none yet."""
    error: str = ""

    def reached(self, value: float | None) -> None:
        """A report held this value of the objective; None where it held none.

        An objective that is not finite at the end has no value, as in the ranking.
        """
        if value is not None:
            self.value = value if math.isfinite(value) else math.nan


@dataclass
class SweepProgress:
    """All trials of a sweep as the screen sees them."""

    total: int
    steps: int
    metric: str
    trials: dict[str, TrialProgress] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    restored: set[str] = field(default_factory=set)
    """Trials that ended in an earlier session: the time since `began` did not go into them."""


def restore_progress(board: SweepProgress, trials: list[TrialRecord], steps: int) -> None:
    """Enter the trials of an earlier session that have ended."""
    for trial in trials:
        if trial.finished:
            board.restored.add(trial.id)
            board.trials[trial.id] = TrialProgress(
                trial.id,
                trial.state,
                step=trial.steps,
                steps=steps,
                seconds=trial.seconds,
                value=ends_finite(trial, board.metric),
                error=trial.error,
            )


def time_left_s(board: SweepProgress, now: float) -> float | None:
    """Seconds until the end at this session's pace; None before it has reported anything."""
    done = {
        trial.id: (trial.steps if trial.state != "running" else trial.step) / max(trial.steps, 1)
        for trial in list(board.trials.values())
    }
    here = sum(share for name, share in done.items() if name not in board.restored)
    if here <= 0:
        return None
    return max(0.0, (now - board.began) * (board.total - sum(done.values())) / here)


def duration(seconds: float) -> str:
    """Seconds as hours, minutes and seconds, in the two largest units."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def ended(board: SweepProgress) -> int:
    """How many trials have ended."""
    return sum(trial.state in ENDED for trial in list(board.trials.values()))


def summary(board: SweepProgress) -> str:
    """The sweep in one line."""
    states = Counter(trial.state for trial in list(board.trials.values()))
    done = ended(board)
    parts = [f"{done}/{board.total} trials"]
    parts += [f"{states[state]} {state}" for state in ("running", "stopped", "failed")
              if states[state]]  # fmt: skip
    left = time_left_s(board, time.monotonic())
    if left is not None and done < board.total:
        parts.append(f"about {duration(left)} left")
    return " · ".join(parts)
