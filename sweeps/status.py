"""What `ilsweep status` says: trials by state, best so far, time left, from the records alone."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

from analysis.records import SweepPaths, TrialRecord, read_sweep
from sweeps.folder import is_locked
from sweeps.problems import FolderError


def status(root: Path) -> dict[str, Any]:
    """The facts about a sweep, running or not.

    Raises:
        FolderError: not a sweep's folder.
    """
    try:
        sweep = read_sweep(root)
    except FileNotFoundError as error:
        raise FolderError(str(error)) from None
    running = is_locked(SweepPaths(root))
    states = Counter(
        "interrupted" if trial.state == "running" and not running else trial.state
        for trial in sweep.trials
    )
    sessions = sweep.manifest.get("sessions") or [{}]
    total = sessions[-1].get("trials") or sweep.manifest.get("trials") or len(sweep.trials)
    objective = sweep.spec.get("objective") or {}
    first = objective[0] if isinstance(objective, list) else objective
    metric, sign = first.get("metric", ""), 1 if first.get("mode") == "min" else -1
    known = [(trial.last(metric), trial) for trial in sweep.trials]
    best = min(
        ((value, trial) for value, trial in known if value == value),
        key=lambda pair: sign * pair[0],
        default=None,
    )
    return {
        "dir": str(root),
        "running": running,
        "trials": total,
        "states": dict(states),
        "metric": metric,
        "best": None if best is None else {"trial": best[1].id, "value": best[0]},
        "seconds_left": _left(sweep.trials, total) if running else None,
    }


def _left(trials: list[TrialRecord], total: int) -> float | None:
    """At the mean time of an ended trial; no clock is read, which may have been set meanwhile."""
    ended = [trial for trial in trials if trial.finished]
    times = [trial.seconds for trial in ended if math.isfinite(trial.seconds)]
    if not times:
        return None
    at_once = max(1, sum(trial.state == "running" for trial in trials))
    return statistics.fmean(times) * (total - len(ended)) / at_once


def status_text(facts: dict[str, Any]) -> str:
    """The facts on one screen."""
    from sweeps.board import duration

    states = ", ".join(f"{count} {state}" for state, count in sorted(facts["states"].items()))
    lines = [
        f"{facts['dir']}: {'running' if facts['running'] else 'not running'}",
        f"  {facts['trials']} trials: {states or 'none started'}",
    ]
    if facts["best"]:
        best = facts["best"]
        lines.append(f"  best {facts['metric']}: {best['value']:.4g} ({best['trial']})")
    if facts["seconds_left"] is not None:
        lines.append(f"  about {duration(facts['seconds_left'])} left")
    elif facts["states"].get("interrupted"):
        lines.append(f"  continue with: ilsweep resume {facts['dir']}")
    return "\n".join(lines)
