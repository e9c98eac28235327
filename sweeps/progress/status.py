"""What `ilsweep status` says: trials by state, best so far, time left, from the records alone."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilsweep.analysis.formatting import how_many, visible
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.metrics.objectives import as_float
from ilsweep.analysis.records.model import ENDED, TrialRecord
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.progress.tracker import TrialProgress, duration, time_left_s
from ilsweep.sweeps.store.folder_lock import is_locked

if TYPE_CHECKING:
    from ilsweep.analysis.ranking.model import Race, Ranking


def says(root: Path) -> str:
    """The answer so far in one sentence; empty where nothing has a value yet."""
    from ilsweep.analysis.analyse import ranked

    return ranked(read_sweep(root, diagnose=True))[1]


def status(root: Path) -> dict[str, Any]:
    """The facts about a sweep, running or not.

    `best` is the first row of the ranking, null where nothing has succeeded in the environment
    and where the rows are in no order; `says` is that in one line.

    Raises:
        FolderError: not a sweep's folder.
    """
    from ilsweep.analysis.analyse import ranked
    from ilsweep.analysis.ranking.race import of_every_configuration

    try:
        sweep = read_sweep(root, diagnose=True)
    except FileNotFoundError as error:
        raise FolderError(str(error)) from None
    running = is_locked(SweepPaths(root))
    states = Counter(
        "interrupted"
        if trial.state == "running" and not running and not trial.imported
        else trial.state
        for trial in sweep.trials
    )
    sessions = sweep.manifest.get("sessions") or [{}]
    total = sessions[-1].get("trials") or sweep.manifest.get("trials") or len(sweep.trials)
    total += len(sweep.trials) - len(of_every_configuration(sweep.trials, sweep.spec))
    begun = [_progress(trial) for trial in sweep.trials if trial.state != "pending"]
    ranking, said = ranked(sweep)
    ordered = said and not ranking.nothing_works and not ranking.no_order
    return {
        "dir": str(root),
        "running": running,
        "trials": total,
        "states": dict(states),
        "metric": ranking.metric,
        "best": _first(ranking, said) if ordered else None,
        "says": said,
        "seconds_left": time_left_s(begun, total) if running else None,
        "race": _race(ranking.race) if ranking.race else None,
    }


def _race(race: Race) -> dict[str, Any]:
    return {
        "configurations": len(race.judged),
        "rounds": [{"seeds": seen.seeds, "left": len(seen.left)} for seen in race.rounds],
        "most_seeds": race.at_most,
        "not_run": race.not_run,
        "ended": race.ended,
    }


def _first(ranking: Ranking, said: str) -> dict[str, Any]:
    row = ranking.rows[0]
    return {
        "config": row.config_id,
        "value": row.objective.value,
        "seeds": row.objective.n,
        "trials": list(row.counted),
        "says": "best" if ranking.best else "leading",
        "text": said,
    }


def _progress(trial: TrialRecord) -> TrialProgress:
    steps = as_float(trial.params.get("steps"))
    return TrialProgress(
        trial.id,
        trial.state,
        step=trial.steps,
        steps=int(steps) if steps > 0 else 0,
        seconds=trial.seconds,
    )


def _race_text(race: dict[str, Any]) -> str:
    """Who is left of a race over seeds, and what it has saved where it is over."""
    if not race["rounds"]:
        return f"race over seeds: not begun; at most {race['most_seeds']} seeds"
    last = race["rounds"][-1]
    left = f"{last['left']} of {how_many(race['configurations'], 'configuration')} left"
    text = f"race over seeds: {left} after {last['seeds']} of at most {race['most_seeds']} seeds"
    saved = f"; over: {race['ended']}, {how_many(race['not_run'], 'training')} not run"
    return text + (saved if race["ended"] else "")


def status_text(facts: dict[str, Any]) -> str:
    """The facts on one screen."""
    states = ", ".join(f"{count} {state}" for state, count in sorted(facts["states"].items()))
    left = facts["trials"] - sum(facts["states"].values())
    states += f", {left} not begun" if states and left > 0 else ""
    lines = [
        f"{facts['dir']}: {'running' if facts['running'] else 'not running'}",
        f"  {how_many(facts['trials'], 'trial')}: {states or 'none started'}",
    ]
    if facts["says"]:
        done = sum(facts["states"].get(state, 0) for state in ENDED)
        lines.append(f"  {'so far: ' if done < facts['trials'] else ''}{facts['says']}")
    if facts["race"]:
        lines.append(f"  {_race_text(facts['race'])}")
    if facts["seconds_left"] is not None:
        about = "at least" if facts["race"] else "about"
        lines.append(f"  {about} {duration(facts['seconds_left'])} left")
    elif facts["states"].get("interrupted"):
        lines.append(f"  continue with: ilsweep resume {shlex.quote(facts['dir'])}")
    return visible("\n".join(lines))
