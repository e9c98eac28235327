"""All trials of a sweep as its screen sees them: states, best so far, time left."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, field

from analysis.records import State, TrialRecord


@dataclass
class Live:
    """A trial as the screen sees it."""

    id: str
    state: State
    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    value: float | None = None
    """Last value of the first objective's metric."""
    error: str = ""


@dataclass
class Board:
    """All trials of a sweep as the screen sees them."""

    total: int
    steps: int
    metric: str
    mode: str
    trials: dict[str, Live] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)


def restore_board(board: Board, trials: list[TrialRecord], steps: int) -> None:
    """Enter the trials of an earlier session that have ended."""
    for trial in trials:
        if trial.finished:
            board.trials[trial.id] = Live(
                trial.id,
                trial.state,
                step=trial.steps,
                steps=steps,
                seconds=trial.seconds,
                value=trial.last(board.metric),
                error=trial.error,
            )


def best(board: Board) -> Live | None:
    """The trial whose last value is best."""
    sign = 1 if board.mode == "min" else -1
    known = [t for t in board.trials.values() if t.value is not None and math.isfinite(t.value)]
    return min(known, key=lambda trial: sign * (trial.value or 0.0), default=None)


def time_left_s(board: Board, now: float) -> float | None:
    """Seconds until the end at the pace so far; None before anything has been reported."""
    done = sum(
        (trial.steps if trial.state != "running" else trial.step) / max(trial.steps, 1)
        for trial in board.trials.values()
    )
    if done <= 0:
        return None
    return max(0.0, (now - board.began) * (board.total - done) / done)


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def summary(board: Board) -> str:
    """The sweep in one line."""
    states = Counter(trial.state for trial in board.trials.values())
    ended = sum(states[state] for state in ("completed", "stopped", "failed"))
    parts = [f"{ended}/{board.total} trials"]
    parts += [f"{states[state]} {state}" for state in ("running", "stopped", "failed")
              if states[state]]  # fmt: skip
    top = best(board)
    if top:
        parts.append(f"best {board.metric} {top.value:.4g} ({top.id})")
    left = time_left_s(board, time.monotonic())
    if left is not None and ended < board.total:
        parts.append(f"about {duration(left)} left")
    return " · ".join(parts)
