"""What trials say about one parameter and one metric: a grid over seeds, or configurations.

Trials are compared only with trials of the same seed and the same other settings where a sweep has
such (a grid); each seed's mean over the other settings is then one piece of evidence. Where it has
not (a random search) configurations are compared, each by the mean over its seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.analysis.formatting import num
from ilsweep.analysis.inference.search_space import SearchDomain
from ilsweep.analysis.metrics.catalog import SUCCESS, is_success_rate
from ilsweep.analysis.metrics.changepoints import late
from ilsweep.analysis.metrics.lookup import largest_difference
from ilsweep.analysis.metrics.objectives import as_float
from ilsweep.analysis.ranking.comparisons import binomial_variance, success_counts
from ilsweep.analysis.ranking.naming import shortened
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.effects import Effect, level_effect, trend_effect
from ilsweep.analysis.stats.pooled_comparison import resolution

Array = NDArray[np.float64]

LONGEST_NAME = 60
"""Characters of a level's name, longer only where two would read the same."""

SAME = 1e-6
"""Differences smaller than this share of the values are rounding."""


@dataclass(frozen=True)
class Design:
    """The trials of a sweep that bear on one parameter and one metric."""

    rows: tuple[TrialRecord, ...]
    seeds: int
    levels: tuple[tuple[str, float, int], ...]
    """(value of the parameter, mean of the metric, trials), in the parameter's order; thirds where
    there are more than six values."""
    numbers: bool
    """The parameter's values are numbers."""
    grid: bool
    settings: int
    """Of the other parameters, at which all levels were tried; 0 where there is no grid."""
    identical: bool
    """The same value at all levels of each block, though blocks differ: the metric cannot depend
    on the parameter."""
    effect: Effect | None
    """None where there is no measure of the noise."""


@dataclass(frozen=True)
class _Row:
    x: float
    y: float
    others: str
    trial: TrialRecord


def design(
    param: str, metric: str, trials: Sequence[TrialRecord], domain: SearchDomain | None
) -> Design:
    """What `trials` say about `param` and `metric`; those that lack either are left out."""
    order = _order(param, trials, domain)
    rows = []
    for trial in trials:
        x, y = order(_value(trial, param)), metric_of(trial, metric)
        if math.isfinite(x) and math.isfinite(y):
            others = sorted((k, repr(v)) for k, v in trial.searched.items() if k != param)
            rows.append(_Row(x, y, repr(others), trial))
    alone = len({(row.others, row.trial.seed) for row in rows}) == 1  # nothing else varied
    blocks = {} if alone else _whole_blocks(rows)
    effect, settings = _over_seeds(metric, rows, blocks) if blocks else (None, 0)
    if not blocks:
        effect = _over_configurations(metric, rows, domain)
    shown = [row for row in rows if (row.others, row.trial.seed) in blocks] or rows
    return Design(
        rows=tuple(row.trial for row in rows),
        seeds=len({row.trial.seed for row in rows}),
        levels=_levels([(row.x, row.y, _value(row.trial, param)) for row in shown]),
        numbers=all(math.isfinite(as_float(_value(row.trial, param))) for row in rows),
        grid=bool(blocks),
        settings=settings,
        identical=not is_success_rate(metric) and _identical(blocks),
        effect=effect,
    )


def metric_of(trial: TrialRecord, metric: str) -> float:
    """Training metrics by the median of their last third (they are noisy), others by the last."""
    return late(trial, metric) if metric.startswith(("train/", "bc/")) else trial.last(metric)


Blocks = Mapping[tuple[str, int | None], Mapping[float, float]]
"""(Other settings, seed) to level to value."""


def _whole_blocks(rows: Sequence[_Row]) -> Blocks:
    """The blocks in which every level was tried; none where there is one level only."""
    levels = {row.x for row in rows}
    found: dict[tuple[str, int | None], dict[float, list[float]]] = {}
    for row in rows:
        found.setdefault((row.others, row.trial.seed), {}).setdefault(row.x, []).append(row.y)
    return {
        key: {x: float(np.mean(ys)) for x, ys in values.items()}
        for key, values in found.items()
        if len(values) == len(levels) > 1
    }


def _over_seeds(metric: str, rows: Sequence[_Row], blocks: Blocks) -> tuple[Effect | None, int]:
    """Each seed's mean over the settings that all seeds have, where there are such."""
    by_seed: dict[int | None, set[str]] = {}
    for others, seed in blocks:
        by_seed.setdefault(seed, set()).add(others)
    common = set.intersection(*by_seed.values())
    levels = sorted({x for values in blocks.values() for x in values})
    means = np.array([
        [np.mean([blocks[o, s][x] for o in common or by_seed[s]]) for s in by_seed] for x in levels
    ])  # fmt: skip
    settings = len(common or set.union(*by_seed.values()))
    used = [row.trial for row in rows if (row.others, row.trial.seed) in blocks]
    floor = resolution([np.array([row.y for row in rows])])
    if metric == SUCCESS:
        floor = max(floor, binomial_variance(success_counts(used)))
    floor /= max(len(common), 1)
    return level_effect(means, floor, largest_difference(metric)), settings


def _over_configurations(
    metric: str, rows: Sequence[_Row], domain: SearchDomain | None
) -> Effect | None:
    by_config: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        by_config.setdefault(row.trial.configuration, []).append((row.x, row.y))
    points = np.array([np.mean(pairs, axis=0) for pairs in by_config.values()]).reshape(-1, 2)
    x, y = points[:, 0], points[:, 1]
    if domain is not None and domain.log and len(x) and x.min() > 0:
        x = np.log(x)
    return trend_effect(x, y, largest_difference(metric))


def _identical(blocks: Blocks) -> bool:
    """Rounding apart, the same at all levels of each block; blocks themselves differ.

    Counts, rates of a few episodes and numbers of a few digits may agree by chance.
    """
    values = np.array([list(block.values()) for block in blocks.values()])
    if len(values) < 2 or not any(float(f"{value:.6g}") != value for value in values.flat):
        return False
    scale = float(np.abs(values).max())
    return float(np.ptp(values, axis=1).max()) <= SAME * scale < float(np.ptp(values))


def _value(trial: TrialRecord, param: str) -> Any:
    """As trained with; what was searched of the data is no parameter of the trainer."""
    return trial.params.get(param, trial.searched.get(param))


def _order(
    param: str, trials: Sequence[TrialRecord], domain: SearchDomain | None
) -> Callable[[Any], float]:
    """A value's place: numbers as they are, else the order of the spec's list, else of the text."""
    values = [_value(trial, param) for trial in trials]
    if all(isinstance(value, bool) or math.isfinite(as_float(value)) for value in values):
        return lambda value: float(value) if isinstance(value, bool) else as_float(value)
    listed = [repr(choice) for choice in (domain.choices if domain else ())]
    rest = sorted({repr(value) for value in values if value is not None} - set(listed))
    place = {text: float(i) for i, text in enumerate([*listed, *rest])}
    return lambda value: place.get(repr(value), math.nan)


def _levels(rows: Sequence[tuple[float, float, Any]]) -> tuple[tuple[str, float, int], ...]:
    """At most six groups by the parameter: its values, or thirds where it has more of them."""
    rows = sorted(rows, key=lambda row: row[0])
    groups: dict[str, list[float]] = {}
    if len({row[0] for row in rows}) <= 6:
        for _, y, value in rows:
            groups.setdefault(_value_text(value), []).append(y)
    else:
        for third in np.array_split(np.arange(len(rows)), 3):
            low, high = rows[third[0]][2], rows[third[-1]][2]
            name = f"{_value_text(low)} .. {_value_text(high)}"
            groups.setdefault(name, []).extend(rows[i][1] for i in third)
    names = shortened(list(groups), LONGEST_NAME)
    return tuple(
        (name, float(np.mean(ys)), len(ys)) for name, ys in zip(names, groups.values(), strict=True)
    )


def _value_text(value: Any) -> str:
    return num(value) if isinstance(value, float) else str(value)
