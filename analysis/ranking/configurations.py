"""The configurations of a sweep: trials by what they were trained with, copies set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ilsweep.analysis.records.copies import distinct
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.schedule import key_of, schedule


@dataclass(frozen=True)
class Configuration:
    """One configuration with its seeds."""

    label: str
    """What people call it: its first folder's name for it; no two share one."""
    trials: tuple[TrialRecord, ...]
    """One a seed, or more where no seed is known."""
    copies: tuple[str, ...]
    """Trials that repeat one of these and say nothing new."""


def configurations(trials: Sequence[TrialRecord]) -> list[Configuration]:
    """The configurations in the order in which they first appear."""
    kept = {id(trial) for trial in distinct(trials)}
    groups: dict[tuple[str, str], list[TrialRecord]] = {}
    for trial in trials:
        groups.setdefault(training_of(trial), []).append(trial)
    labels: dict[str, None] = {}
    found = []
    for (_, course), group in groups.items():
        label = _free(group[0].id if course else group[0].config_id, group[0].id, labels)
        labels[label] = None
        own = tuple(trial for trial in group if id(trial) in kept)
        copies = tuple(trial.id for trial in group if id(trial) not in kept)
        found.append(Configuration(label, own, copies))
    return found


def training_of(trial: TrialRecord) -> tuple[str, str]:
    """The same for seeds of one configuration; trials that changed apart are not."""
    return trial.configuration, key_of(schedule(trial))


def _free(label: str, other: str, taken: dict[str, None]) -> str:
    """The label, or a second choice where another configuration is called so."""
    number, wanted = 1, label
    while wanted in taken:
        wanted = other if number == 1 else f"{other}-{number}"
        number += 1
    return wanted
