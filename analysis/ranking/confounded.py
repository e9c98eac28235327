"""Which parameters of foreign runs change together, so that no difference can be put down to one.

Runs that somebody made by hand seldom differ in one parameter. The effect of one is known only
where two runs differ in it alone, or where a model in which effects add up has one answer and a run
to spare (rank of the design; numbers enter linearly, all else by level).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.analysis.importers.params import identity
from ilsweep.analysis.metrics.objectives import as_float
from ilsweep.analysis.records.identity import as_json
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

MOST_SHOWN = 8

Columns = Mapping[str, Sequence[Any]]
"""Each parameter's value in every configuration."""


def confounded_in(trials: Sequence[TrialRecord]) -> Text | None:
    """What foreign runs differ in at once; None where each effect could be known."""
    names = confounded(trials)
    if not names:
        return None
    if len(names) == 1:
        return Text(
            f"Confounded: no two of these runs differ in {names[0]} alone; no difference between "
            "them can be put down to it.",
            f"混杂：没有两次运行仅在 {names[0]} 上不同；任何差别都无法归因于它。",
        )
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
    columns = _differing([identity(trial.params) for trial in first.values() if trial.params])
    return unidentified(columns) if len(columns) > 1 else []


def unidentified(columns: Columns) -> list[str]:
    """The parameters whose own effect the configurations cannot show."""
    known = _alone(columns) | _identified(columns)
    return [name for name in columns if name not in known]


def _differing(configs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The values of what every configuration has and that is not the same in all."""
    shared = [name for name in configs[0] if all(name in c for c in configs)] if configs else []
    columns = {name: [config[name] for config in configs] for name in shared}
    return {name: values for name, values in columns.items() if len(set(map(as_json, values))) > 1}


def _alone(columns: Columns) -> set[str]:
    """Parameters in which two configurations differ, and in nothing else."""
    rows = list(zip(*(map(as_json, values) for values in columns.values()), strict=True))
    found = set()
    for place, name in enumerate(columns):
        others = {row[:place] + row[place + 1 :] for row in rows}
        if len(others) < len(set(rows)):
            found.add(name)
    return found


def _identified(columns: Columns) -> set[str]:
    """Parameters whose effect the design tells from all others', with a run to spare.

    A coefficient has one value where its unit vector lies in the row space of the design: where the
    squares of its row of the right singular vectors add up to one.
    """
    coded = {name: _coded(values) for name, values in columns.items()}
    runs = len(next(iter(coded.values())))
    if any(own.shape[1] >= runs - 1 for own in coded.values()):
        return set()  # one level a run: none is to spare
    design = np.hstack([np.ones((runs, 1)), *coded.values()])
    squares, left = np.linalg.eigh(design @ design.T)  # a tenth of an SVD: runs are few
    kept = squares > squares[-1] * max(design.shape) * np.finfo(np.float64).eps
    if kept.all():
        return set()
    right = (left[:, kept] / np.sqrt(squares[kept])).T @ design
    determined = np.square(right).sum(axis=0) > 1 - 1e-6
    ends = np.cumsum([1, *(own.shape[1] for own in coded.values())])
    blocks = zip(coded, ends, ends[1:], strict=False)
    return {name for name, a, b in blocks if determined[a:b].all()}


def _coded(values: Sequence[Any]) -> NDArray[np.float64]:
    """A parameter as columns (runs, columns) in 0..1: the places of numbers, else a level each."""
    numbers = [as_float(value) for value in values]
    if all(map(np.isfinite, numbers)):
        places = np.unique(numbers, return_inverse=True)[1].reshape(-1, 1)
        return np.asarray(places / max(1, places.max()), np.float64)
    levels = list(dict.fromkeys(texts := list(map(as_json, values))))
    return np.array([[text == level for level in levels[1:]] for text in texts], np.float64)
