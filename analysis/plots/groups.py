"""Configurations as pictures name them: `#1` in colour, and what was searched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.ranking.model import Row
from ilsweep.analysis.records.model import TrialRecord


@dataclass(frozen=True)
class Group:
    """One configuration's trials."""

    label: str
    text: str
    trials: tuple[TrialRecord, ...]


def label_of(row: Row) -> str:
    """How pictures name a configuration."""
    return f"#{row.rank}"


def groups_of(analysis: Analysis, most: int) -> list[Group]:
    """The first `most` configurations in the order of the ranking."""
    trials = {trial.id: trial for trial in analysis.sweep.trials}
    return [
        Group(
            label=label_of(row),
            text=name_of(row.settings, trials[row.trial_ids[0]]),
            trials=tuple(trials[i] for i in row.trial_ids),
        )
        for row in analysis.ranking.rows[:most]
    ]


def name_of(settings: Mapping[str, str], trial: TrialRecord) -> str:
    """A foreign run's own name, and what was searched: `reg=2, tau=5`."""
    items = (f"{name.rpartition('.')[2]}={value}" for name, value in settings.items())
    known = [trial.name] if trial.name else [] if settings else [trial.id]
    return ", ".join([*known, *items])
