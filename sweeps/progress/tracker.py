"""All trials of a sweep as its screen sees them: states, who leads so far, time left."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ilsweep.analysis.formatting import printable
from ilsweep.analysis.metrics.catalog import SUCCESS as SUCCESS
from ilsweep.analysis.metrics.not_finite import ends_finite
from ilsweep.analysis.ranking.aggregate import Standing, counted, in_order
from ilsweep.analysis.records.model import State, TrialRecord
from ilsweep.analysis.records.schedule import schedule
from ilsweep.analysis.stats.intervals_and_tests import centre


@dataclass
class TrialProgress:
    """A trial as the screen sees it."""

    id: str
    state: State
    config_id: str = ""
    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    value: float = math.nan
    """Last finite value of the first objective's metric; NaN where there is none yet."""
    success: float = math.nan
    """Last `eval/pc_success`; NaN where there is none yet."""
    error: str = ""

    def reached(self, value: float | None, success: float | None = None) -> None:
        """A report held this value of the objective, and this success; None where it held none.

        An objective that is not finite at the end has no value, as in the ranking.
        """
        if value is not None:
            self.value = value if math.isfinite(value) else math.nan
        if success is not None and math.isfinite(success):
            self.success = success


@dataclass
class SweepProgress:
    """All trials of a sweep as the screen sees them."""

    total: int
    steps: int
    metric: str
    mode: str
    trials: dict[str, TrialProgress] = field(default_factory=dict)


@dataclass(frozen=True)
class Leader:
    """The configuration that stands first as far as a running sweep can tell."""

    config_id: str
    value: float
    """Over the seeds that have one, as the ranking gives it."""
    seeds: int
    succeeded: bool | None
    """Whether any of its episodes succeeded; None where none has been counted."""


def restore_progress(board: SweepProgress, trials: list[TrialRecord], steps: int) -> None:
    """Enter the trials of an earlier session that have ended."""
    for trial in trials:
        if trial.finished:
            board.trials[trial.id] = TrialProgress(
                trial.id,
                trial.state,
                config_id=trial.id if schedule(trial) else trial.config_id,
                step=trial.steps,
                steps=steps,
                seconds=trial.seconds,
                value=ends_finite(trial, board.metric),
                success=trial.last(SUCCESS),
                error=trial.error,
            )


def leader(board: SweepProgress) -> Leader | None:
    """The first configuration in the ranking's order; None before any has a value.

    Findings are not known here: one of them can still put it down in the ranking.
    """
    groups: dict[str, list[TrialProgress]] = {}
    trials = list(board.trials.values())  # another thread adds to them
    for trial in sorted(trials, key=lambda trial: trial.id):  # as folders are read
        groups.setdefault(trial.config_id, []).append(trial)
    sign = 1 if board.mode == "min" else -1
    standings = in_order([_standing(config, group) for config, group in groups.items()], sign)
    if not standings or not standings[0].values:
        return None
    first = standings[0]
    value = centre(first.values)[0]
    return Leader(first.config_id, value, len(first.values), first.succeeded)


def _standing(config_id: str, group: list[TrialProgress]) -> Standing:
    used = [group[i] for i in counted([(trial.state, trial.value) for trial in group])]
    failed = sum(trial.state == "failed" for trial in group)
    return Standing(
        config_id=config_id,
        values=tuple(trial.value for trial in used),
        failed=failed,
        healthy=2 * failed <= len(group),
        comparable=any(trial.state == "completed" for trial in used),
        steps=min((trial.step for trial in used), default=0),
        succeeded=_succeeded(used),
    )


def _succeeded(trials: list[TrialProgress]) -> bool | None:
    known = [trial.success > 0 for trial in trials if math.isfinite(trial.success)]
    return any(known) if known else None


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


def summary(board: SweepProgress) -> str:
    """The sweep in one line."""
    states = Counter(trial.state for trial in list(board.trials.values()))
    ended = sum(states[state] for state in ("completed", "stopped", "failed"))
    parts = [f"{ended}/{board.total} trials"]
    parts += [f"{states[state]} {state}" for state in ("running", "stopped", "failed")
              if states[state]]  # fmt: skip
    if first := leader(board):
        seeds = f"{first.seeds} seed{'s' if first.seeds > 1 else ''}"
        never = first.succeeded is False
        parts.append(
            f"{'nothing has succeeded yet, first' if never else 'leading so far (not diagnosed)'}: "
            f"{printable(first.config_id)}, "
            f"{printable(board.metric)} {first.value:.4g}, {seeds}"
        )
    left = time_left_s(list(board.trials.values()), board.total)
    if left is not None and ended < board.total:
        parts.append(f"about {duration(left)} left")
    return " · ".join(parts)
