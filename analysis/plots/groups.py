"""Configurations as pictures name them: `#1` in colour, and what was searched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.analyse import Analysis
from analysis.records import TrialRecord
from analysis.show import show


@dataclass(frozen=True)
class Group:
    """One configuration's trials."""

    label: str
    text: str
    trials: tuple[TrialRecord, ...]


def groups_of(analysis: Analysis) -> list[Group]:
    """The configurations in the order of the ranking."""
    trials = {trial.id: trial for trial in analysis.sweep.trials}
    return [
        Group(
            label=f"#{row.rank}",
            text=name_of(row.searched, trials[row.trial_ids[0]]),
            trials=tuple(trials[i] for i in row.trial_ids),
        )
        for row in analysis.ranking.rows
    ]


def name_of(searched: Mapping[str, Any], trial: TrialRecord) -> str:
    """A foreign run's own name, and what was searched: `reg=2, tau=5`."""
    items = (f"{name.rpartition('.')[2]}={show(value)}" for name, value in searched.items())
    known = [trial.name] if trial.name else [] if searched else [trial.id]
    return ", ".join([*known, *items])
