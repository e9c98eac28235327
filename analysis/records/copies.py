"""Trials that repeat a training: one of them stands for all."""

from __future__ import annotations

from collections.abc import Iterable

from ilsweep.analysis.records.model import State, TrialRecord

PREFERRED: tuple[State, ...] = ("completed", "stopped", "running", "pending", "failed")
"""Which of several copies stands for them: the one that says most."""


def distinct(trials: Iterable[TrialRecord]) -> list[TrialRecord]:
    """The trials without copies, in their order: one of each configuration and seed.

    A copy repeats a training and says nothing new. Trials that population-based training changed
    are never copies, and foreign ones only where they reported the same numbers: what else they
    were trained with is not known.
    """
    trials = list(trials)
    best: dict[object, TrialRecord] = {}
    for trial in trials:
        key = _training(trial)
        if key not in best or _says_more(trial, best[key]):
            best[key] = trial
    kept = set(map(id, best.values()))
    return [trial for trial in trials if id(trial) in kept]


def _training(trial: TrialRecord) -> object:
    if trial.seed is None or len(trial.history) > 1:
        return id(trial)
    key = (trial.configuration, trial.seed)
    if not trial.imported:
        return key
    curves = trial.curves.items()
    return *key, *sorted((n, c.steps.tobytes(), c.values.tobytes()) for n, c in curves)


def _says_more(trial: TrialRecord, other: TrialRecord) -> bool:
    def rank(one: TrialRecord) -> tuple[int, int]:
        return PREFERRED.index(one.state), -one.steps

    return rank(trial) < rank(other)
