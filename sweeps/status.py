"""What `ilsweep status` says: trials by state, best so far, time left, from the records alone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.records import SweepPaths, read_sweep
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
    ended = sum(states[state] for state in ("completed", "stopped", "failed"))
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
        "seconds_left": _left(sessions[-1].get("started"), ended, total) if running else None,
    }


def _left(started: str | None, ended: int, total: int) -> float | None:
    if not started or not ended:
        return None
    elapsed = (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds()
    return max(0.0, elapsed * (total - ended) / ended)


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
