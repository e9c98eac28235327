"""The trainings that a race over seeds asks for next, by the records of a sweep's folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ilsweep.analysis.findings.finding import critical_of
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.ranking.race import race_of
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.search.trials import Attempt, Configuration
from ilsweep.sweeps.spec.plan import Plan


def further(plan: Plan, paths: SweepPaths, known: Mapping[str, Configuration]) -> list[Attempt]:
    """The trials of the next round; none where the race is over or the spec has none.

    All that were begun have ended, and every configuration was trained with the first seeds.
    """
    return [
        Attempt(plan.trial(known[name].searched, seed, name)) for name, seed in due(plan, paths)
    ]


def due(plan: Plan, paths: SweepPaths) -> list[tuple[str, int]]:
    """Configuration and seed of what the next decision of a race waits for."""
    if plan.spec.race is None:
        return []
    sweep = read_sweep(paths.root, diagnose=True)
    found = [f for diagnosis in sweep.diagnosed.values() for f in diagnosis.findings]
    race = race_of(sweep.trials, plan.spec.model_dump(mode="json"), critical_of(found))
    return list(race.due) if race else []


def beyond(plan: Plan, trials: Iterable[TrialRecord]) -> int:
    """How many of `trials` were trained with a seed that not every configuration has."""
    return sum(trial.seed not in plan.spec.first_seeds for trial in trials)
