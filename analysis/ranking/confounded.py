"""Which parameters of foreign runs change together, so that no difference can be put down to one.

Runs that somebody made by hand seldom differ in one parameter. The effect of one is known only
where two runs differ in it alone, or where a model in which effects add up has one answer and a run
to spare (rank of the design; numbers enter linearly, all else by level).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.analysis.importers.params import identity
from ilsweep.analysis.metrics.objectives import as_float
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

MOST_PAIRED = 60
"""Of more configurations the pairs are not looked through."""

MOST_SHOWN = 8

Columns = Mapping[str, Sequence[Any]]
"""Each parameter's value in every configuration."""


def confounded_in(trials: Sequence[TrialRecord]) -> Text | None:
    """What foreign runs differ in at once; None where each effect could be known."""
    names = confounded(trials)
    if not names:
        return None
    shown, rest = ", ".join(names[:MOST_SHOWN]), len(names) - MOST_SHOWN
    en, zh = (f" and {rest} more", f" 等 {rest} 个参数") if rest > 0 else ("", "")
    return Text(
        f"Confounded: these runs differ in {shown}{en} at once; no difference between them can be "
        "put down to one of these alone.",
        f"混杂：这些运行同时在 {shown}{zh} 上不同；它们之间的差别无法归因于其中任何一个。",
    )


def confounded(trials: Sequence[TrialRecord]) -> list[str]:
    """The parameters of foreign runs whose own effect cannot be known."""
    first = {trial.configuration: trial for trial in reversed(trials) if trial.imported}
    known = [identity(trial.params) for trial in first.values() if trial.params]
    columns = _differing(known)
    if len(columns) < 2:
        return []
    alone = _alone(columns) if len(known) <= MOST_PAIRED else set()
    return [name for name in columns if name not in alone and not _identified(name, columns)]


def _differing(configs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The values of what every configuration has and that is not the same in all."""
    shared = [name for name in configs[0] if all(name in c for c in configs)] if configs else []
    columns = {name: [config[name] for config in configs] for name in shared}
    return {name: values for name, values in columns.items() if len(set(_texts(values))) > 1}


def _texts(values: Sequence[Any]) -> list[str]:
    return [json.dumps(value, sort_keys=True, default=str) for value in values]


def _alone(columns: Columns) -> set[str]:
    """Parameters in which two configurations differ, and in nothing else."""
    texts = {name: _texts(values) for name, values in columns.items()}
    found: set[str] = set()
    for i, j in combinations(range(len(next(iter(columns.values())))), 2):
        names = [name for name, values in texts.items() if values[i] != values[j]]
        if len(names) == 1:
            found.add(names[0])
    return found


def _identified(name: str, columns: Columns) -> bool:
    """Whether the design tells the parameter's effect from all others', with a run to spare."""
    runs = len(columns[name])
    own = _coded(columns[name])
    others = [np.ones((runs, 1)), *(_coded(v) for other, v in columns.items() if other != name)]
    without = int(np.linalg.matrix_rank(np.hstack(others)))
    whole = int(np.linalg.matrix_rank(np.hstack([*others, own])))
    return whole - without == own.shape[1] and runs > whole


def _coded(values: Sequence[Any]) -> NDArray[np.float64]:
    """A parameter as columns, (runs, columns): the places of numbers, else a column a level."""
    numbers = [as_float(value) for value in values]
    if all(map(np.isfinite, numbers)):
        return np.unique(numbers, return_inverse=True)[1].reshape(-1, 1).astype(np.float64)
    levels = list(dict.fromkeys(texts := _texts(values)))
    return np.array([[text == level for level in levels[1:]] for text in texts], np.float64)
