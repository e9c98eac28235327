"""Configurations as pictures name them: `#1` in colour, and what they differ in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.formatting import printable
from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.plots.canvas import MOST, plain
from ilsweep.analysis.ranking.model import Row
from ilsweep.analysis.ranking.naming import (
    apart,
    by_last_name,
    differing,
    fitted,
    settings_of,
    shortened,
)
from ilsweep.analysis.records.model import TrialRecord

NAME = 40
"""Characters of a run's own name."""
TEXT = 112
"""Characters of all that is said of a configuration, where that is possible."""


@dataclass(frozen=True)
class Group:
    """One configuration's trials."""

    label: str
    text: str
    """In letters that pictures have (`canvas.plain`)."""
    trials: tuple[TrialRecord, ...]


def label_of(row: Row) -> str:
    """How pictures name a configuration."""
    return f"#{row.rank}"


def caption_of(objective: Objective) -> str:
    """An objective, and which end of it is good."""
    better = "smaller" if objective.mode == "min" else "larger"
    return f"{plain(objective.metric)}, {better} is better"


def groups_of(analysis: Analysis, most: int) -> list[Group]:
    """The first `most` configurations in the order of the ranking."""
    trials = {trial.id: trial for trial in analysis.sweep.trials}
    rows = analysis.ranking.rows[:most]
    groups = [tuple(trials[i] for i in row.trial_ids) for row in rows]
    texts = _names(rows, [group[0] for group in groups])
    return [
        Group(label_of(row), text, group)
        for row, text, group in zip(rows, texts, groups, strict=True)
    ]


def _names(rows: Sequence[Row], first: Sequence[TrialRecord]) -> list[str]:
    """A foreign run's own name, and what the configurations differ in: `reg=2, tau=5`."""
    own = shortened([printable(trial.name) for trial in first], NAME)
    settings = by_last_name(differing(settings_of(rows)))
    differences = fitted(settings, TEXT - max(map(len, own), default=0))
    pairs = zip(own, differences, strict=True)
    texts = [plain(", ".join(filter(None, pair)), MOST) for pair in pairs]
    return apart(texts, [plain(row.config_id) for row in rows])
