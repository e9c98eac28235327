"""Which parameter matters, how sure that is, and whether the space was large enough."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ilsweep.analysis.inference.search_space import NATURAL, SearchDomain
from ilsweep.analysis.metrics.objectives import Objective, as_float
from ilsweep.analysis.ranking.model import Ranking, Row
from ilsweep.analysis.records.joint import is_joint, joined
from ilsweep.analysis.stats.intervals_and_tests import Interval, kendall
from ilsweep.analysis.stats.levels import LEVEL
from ilsweep.analysis.text import NOTHING, Text

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

Array = NDArray[np.float64]

FEWEST = 10
"""Configurations below which no importance is given."""
BEST = 5
"""PED-ANOVA's authors ask for five configurations in the top quantile."""
MOST = 100
"""Configurations of a bootstrap draw. With more of them, draws of m out of n show the spread
times sqrt(n / m) (Bickel, Goetze & van Zwet 1997), and cost no more."""
RESAMPLES = 40
OUTER = 0.25
"""Share of a domain that counts as its outer part, on each side."""


@dataclass(frozen=True)
class ParamImportance:
    """One parameter's share of the importance; the shares add up to 1."""

    param: str
    """Several, parted by commas, where they vary together."""
    share: float
    interval: Interval | None
    """Bootstrap over configurations."""


@dataclass(frozen=True)
class Edge:
    """The best configuration lies on a border of the space, or near one that it climbs to."""

    param: str
    value: Any
    side: Literal["low", "high"]
    bound: float
    log: bool


@dataclass(frozen=True)
class Importance:
    """Importance of every searched parameter, the largest first."""

    metric: str
    method: Literal["PED-ANOVA", "none"]
    params: tuple[ParamImportance, ...]
    configs: int
    note: Text
    """How far to trust it, or why there is none."""


def importance(
    rows: Sequence[Row], domains: Mapping[str, SearchDomain], objective: Objective
) -> Importance | None:
    """PED-ANOVA (Watanabe et al. 2023) as Optuna has it, over configurations.

    It asks how much a parameter decides that a configuration is among the best. Parameters that
    vary together have one share. Only rows that trained to the end count. None where nothing was
    searched.
    """
    if not domains:
        return None
    used = [row for row in rows if row.comparable and row.objective.n]
    if any(row.schedule for row in rows):
        note = Text(
            "Parameters changed while trials trained (population-based training): no importance of "
            "a value can be given.",
            "参数在训练途中发生了变化（基于种群的训练）：无法给出取值的重要性。",
        )
        return Importance(objective.metric, "none", (), len(used), note)
    domains = _by_dimension(domains)
    points = {id(row): joined(row.searched, domains) for row in used}
    varied = {
        name: domain
        for name, domain in domains.items()
        if len({repr(point[name]) for point in points.values() if name in point}) > 1
    }
    used = [row for row in used if all(name in points[id(row)] for name in varied)]
    values = np.array([objective.sign * row.objective.value for row in used], np.float64)
    if len(used) < FEWEST or not varied or np.ptp(values) == 0:
        note = Text(
            f"{len(used)} configurations vary and have a value; importance is computed from "
            f"{FEWEST} on.",
            f"有取值且有变化的配置只有 {len(used)} 个：重要性分析至少需要 {FEWEST} 个。",
        )
        return Importance(objective.metric, "none", (), len(used), note)
    trials = _trials([points[id(row)] for row in used], values, varied)
    shares = _shares(trials)
    low, high = _bootstrap(trials, values, np.array(list(shares.values())))
    params = [
        ParamImportance(name, share, Interval(float(low[i]), float(high[i]), LEVEL))
        for i, (name, share) in enumerate(shares.items())
    ]
    params.sort(key=lambda item: (-item.share, item.param))
    return Importance(objective.metric, "PED-ANOVA", tuple(params), len(used), _trust(params))


def _by_dimension(domains: Mapping[str, SearchDomain]) -> dict[str, SearchDomain]:
    """What was drawn: rows of values, as categories, for parameters that vary together."""
    rows = SearchDomain("choice", math.nan, math.nan)
    return {d.dimension or name: rows if d.dimension else d for name, d in domains.items()}


def _trust(params: Sequence[ParamImportance]) -> Text:
    note = NOTHING
    for param in filter(is_joint, (item.param for item in params)):
        note += Text(
            f"{param} vary together by design: the share is that of all of them.",
            f"{param} 按设计一同变化：所示比例属于它们全体。",
        )
    if len(params) > 1:
        first, second = params[:2]
        if first.interval and second.interval and first.interval.low <= second.interval.high:
            note += Text(
                f"{first.param} and {second.param} do not differ significantly: intervals overlap.",
                f"{first.param} 与 {second.param} 的区间重叠，无法区分先后。",
            )
    return note


def _bootstrap(trials: Sequence[FrozenTrial], values: Array, shares: Array) -> tuple[Array, Array]:
    """Ends of the intervals around `shares` (p,), by draws of at most `MOST` configurations."""
    if len(shares) == 1:  # the only parameter has it all, in each draw
        return np.ones(1), np.ones(1)
    rng = np.random.default_rng(0)
    size = min(len(trials), MOST)
    draws = []
    for _ in range(RESAMPLES):
        chosen = rng.integers(0, len(trials), size)
        if np.ptp(values[chosen]) > 0:
            draws.append(list(_shares([trials[i] for i in chosen]).values()))
    if not draws:
        return np.zeros(len(shares)), np.ones(len(shares))
    ends = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    if size < len(trials):
        ends = shares + (ends - np.mean(draws, axis=0)) * math.sqrt(size / len(trials))
    low, high = np.clip(ends, 0.0, 1.0)
    return np.minimum(low, shares), np.maximum(high, shares)


def _shares(trials: Sequence[FrozenTrial]) -> dict[str, float]:
    """Importance by parameter, adding up to 1; equal shares where none has any."""
    import optuna

    names = list(trials[0].distributions)
    quantile = min(max(0.1, BEST / len(trials)), 0.5)
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=quantile)
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(direction="minimize")
        study.add_trials(trials)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            raw = evaluator.evaluate(study, params=names)
    finally:
        optuna.logging.set_verbosity(verbosity)
    sizes = {name: max(raw.get(name, 0.0), 0.0) for name in names}
    total = sum(sizes.values())
    if not (total > 0 and math.isfinite(total)):
        return dict.fromkeys(sizes, 1 / len(sizes))
    return {name: size / total for name, size in sizes.items()}


def _trials(
    points: Sequence[Mapping[str, Any]], values: Array, domains: Mapping[str, SearchDomain]
) -> list[FrozenTrial]:
    """Each point as Optuna knows it, with its value; what is categorical by its text."""
    from optuna.distributions import CategoricalDistribution
    from optuna.trial import create_trial

    distributions = {
        name: _distribution(domain, [point[name] for point in points])
        for name, domain in domains.items()
    }
    texts = {n for n, d in distributions.items() if isinstance(d, CategoricalDistribution)}
    return [
        create_trial(
            params={
                name: repr(point[name]) if name in texts else point[name] for name in distributions
            },
            distributions=distributions,
            value=float(value),
        )
        for point, value in zip(points, values, strict=True)
    ]


def _distribution(domain: SearchDomain, seen: Sequence[Any]) -> BaseDistribution:
    """Numbers keep their order and scale, widened to what was seen; all else is categorical."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    numbers = [as_float(value) for value in seen]
    if not domain.ordered or not all(map(math.isfinite, numbers)):
        known = {repr(value): None for value in (*domain.choices, *seen)}
        return CategoricalDistribution(list(known))
    low, high = min(domain.low, *numbers), max(domain.high, *numbers)
    return FloatDistribution(low, high, log=domain.log and low > 0)


def edges(
    ranking: Ranking, domains: Mapping[str, SearchDomain], limits: Mapping[str, float]
) -> tuple[Edge, ...]:
    """Where the best configuration lies on a border of the space, or the way to one still climbs.

    On a border is within `edge_of_space.margin` of it; of a list only its end, and a list counts
    from three different numbers on: of two, one is always the border. Of values drawn at random
    few or none lie in so thin a margin. So the best may also lie in the outer quarter, if over the
    outer half the objective improves towards the border (Kendall 1938, one-sided,
    `edge_of_space.p`). The end of what a parameter can be (`domains.NATURAL`) is no border. Where
    parameters changed while trials trained there is none: values moved within the space. Nor has a
    parameter one that varies together with others: it cannot be widened alone; nor one of which
    another value is just as good.
    """
    best = ranking.best
    if best is None or any(row.schedule for row in ranking.rows):
        return ()
    level = [row for row in ranking.rows
             if row.recommendable and row.objective.value == best.objective.value]  # fmt: skip
    found = []
    for name, domain in domains.items():
        value = as_float(best.searched.get(name))
        if any(row.searched.get(name) != best.searched.get(name) for row in level):
            continue
        short = bool(domain.choices) and len(set(map(as_float, domain.choices))) < 3
        if domain.dimension or not domain.ordered or not math.isfinite(value) or short:
            continue
        at = domain.position(value)
        reach = 0.0 if domain.choices else limits["edge_of_space.margin"]
        side: Literal["low", "high"] = "low" if at < 0.5 else "high"
        distance = min(at, 1 - at)
        if distance <= reach or (
            not domain.choices
            and distance < OUTER
            and _climb(ranking, name, domain, side) < limits["edge_of_space.p"]
        ):
            bound = domain.low if side == "low" else domain.high
            if bound in NATURAL.get(name.rpartition(".")[2], ()):
                continue
            found.append(Edge(name, best.searched[name], side, bound, domain.log))
    return tuple(found)


def _climb(
    ranking: Ranking, name: str, domain: SearchDomain, side: Literal["low", "high"]
) -> float:
    """The p value of improving towards a border, over the half of the space next to it.

    1 with fewer than five configurations there.
    """
    sign, points = ranking.objectives[0].sign, []
    for row in ranking.rows:
        at = domain.position(as_float(row.searched.get(name)))
        nearness = at if side == "high" else 1 - at
        if nearness >= 0.5 and row.comparable and row.healthy and row.objective.n:
            points.append((nearness, -sign * row.objective.value))
    if len(points) < 5:
        return 1.0
    near, better = zip(*points, strict=True)
    return kendall(near, better, alternative="greater")[1]
