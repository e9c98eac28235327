"""What a configuration is: everything that was trained with, but for the seed.

Names and folders are labels (`c0007`); two trials with one key and one seed are the same training,
whatever they are called. The key is a hash of JSON text, which keeps apart what Python calls equal:
`1`, `1.0` and `true` are three values. A typed trainer's parameters are taken as its configuration
dumped them, so that a `1` written for a float is the `1.0` that was trained with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ilsweep.analysis.records.model import State, TrialRecord

PREFERRED: tuple[State, ...] = ("completed", "stopped", "running", "pending", "failed")
"""Which of several copies stands for them: the one that says most."""


def configuration_key(
    params: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    trainer: str = "",
    command: Mapping[str, Any] | None = None,
) -> str:
    """The same text for the same training, 16 hexadecimal digits.

    Args:
        params: Every parameter by dotted name, as trained with; without the seed.
        data: The demonstrations' configuration.
        trainer: Name of the trainer, where it is known.
        command: What a command line is made of, where the trainer is one.
    """
    content = {"params": params, "data": data or {}, "trainer": trainer, "command": command or {}}
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def of_record(
    config_id: str,
    params: Mapping[str, Any],
    searched: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
) -> str:
    """The key of a trial whose record holds none; by its label where nothing else is known."""
    varied = {name[5:]: value for name, value in searched.items() if name.startswith("data.")}
    mine = {name: value for name, value in searched.items() if not name.startswith("data.")}
    if not params and not searched:
        return f"unknown-{config_id}"
    return configuration_key({**mine, **params}, {**(data or {}), **varied})


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
