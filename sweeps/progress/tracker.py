"""All trials of a sweep as its screen sees them: states and time left."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ilsweep.analysis.metrics.not_finite import ends_finite
from ilsweep.analysis.records.model import ENDED, State, TrialRecord


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
    raced: bool = False
    """Seeds are raced: `total` grows with the race."""
    trials: dict[str, TrialProgress] = field(default_factory=dict)


def restore_progress(board: SweepProgress, trials: list[TrialRecord], steps: int) -> None:
    """Enter the trials of an earlier session that have ended."""
    for trial in trials:
        if trial.finished:
            board.trials[trial.id] = TrialProgress(
                trial.id,
                trial.state,
                step=trial.steps,
                steps=steps,
                seconds=trial.seconds,
                value=ends_finite(trial, board.metric),
                error=trial.error,
            )


def time_left_s(trials: Sequence[TrialProgress], total: int) -> float | None:
    """Seconds until the end, as many trials at once as are running; None before there is a pace.

    The pace is that of the trials so far, one that ended early included. No clock is read, which
    may have been set meanwhile.
    """
    done = [_done(trial) for trial in trials]
    timed = [(t.seconds, share) for t, share in zip(trials, done, strict=True)
             if t.seconds > 0 and share > 0]  # fmt: skip
    if not timed:
        return None
    seconds, shares = map(sum, zip(*timed, strict=True))
    at_once = max(1, sum(trial.state == "running" for trial in trials))
    return max(0.0, seconds / shares * (total - sum(done)) / at_once)


def _done(trial: TrialProgress) -> float:
    """The share of a trial that needs no more time."""
    return 1.0 if trial.state != "running" else min(1.0, trial.step / max(trial.steps, 1))


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
    left = time_left_s(list(board.trials.values()), board.total)
    if left is not None and done < board.total:
        parts.append(f"{'at least' if board.raced else 'about'} {duration(left)} left")
    return " · ".join(parts)
