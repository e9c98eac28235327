"""Whether a search has nothing left to train."""

from __future__ import annotations

from collections.abc import Sequence

from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.search import history
from ilsweep.sweeps.search.history import Asked, Told
from ilsweep.sweeps.search.race import due
from ilsweep.sweeps.spec.plan import Plan


def is_complete(plan: Plan, paths: SweepPaths, trials: Sequence[TrialRecord]) -> bool:
    """Whether every trial has ended, the search has heard of it, and no race goes on."""
    events = list(history.read(paths.search))
    asked = {event.config_id for event in events if isinstance(event, Asked)}
    told = {event.config_id for event in events if isinstance(event, Told)}
    first = sum(trial.finished and trial.seed in plan.spec.first_seeds for trial in trials)
    return first >= plan.trials and asked <= told and not due(plan, paths)
