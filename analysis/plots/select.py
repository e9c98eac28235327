"""Which pictures a sweep's records are enough for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.importers.chosen_metric import logged_name
from ilsweep.analysis.inference.search_space import SearchDomain, domains_of
from ilsweep.analysis.metrics.catalog import METRICS
from ilsweep.analysis.metrics.metric import Role
from ilsweep.analysis.plots.canvas import drawable
from ilsweep.analysis.plots.curves import draw_curves
from ilsweep.analysis.plots.film_strip import film_strips
from ilsweep.analysis.plots.front import draw_front
from ilsweep.analysis.plots.groups import Group, groups_of
from ilsweep.analysis.plots.paths import path_panels
from ilsweep.analysis.plots.plot import (
    CURVES,
    FILES,
    FRONT,
    IMPORTANCE,
    INTERACTION,
    RANKING,
    SLICES,
    Picture,
    Plot,
)
from ilsweep.analysis.plots.ranking import draw_ranking
from ilsweep.analysis.plots.slices import draw_importance, draw_interaction, draw_slices
from ilsweep.analysis.ranking.model import Row
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.joint import names_of
from ilsweep.analysis.text import Text

MAX_ROWS = 30
MAX_PANELS = 8
MAX_SLICES = 9
MIN_SLICED = 5
"""Fewer configurations are read in the table."""

MAX_CONFIGS = 40
"""Curves of more configurations are a grey cloud."""

ROLES: tuple[Role, ...] = (
    "loss", "error", "regulariser", "held_out", "success", "transport", "other", "optimiser",
)  # fmt: skip
LOOKED_AT = tuple(m.name for role in ROLES for m in METRICS if m.drawn and m.role == role)
"""The curves that people look at, in this order; the objectives come before them."""


def choose(analysis: Analysis, folder: Path) -> list[Picture]:
    """What there is to see, to be drawn into `folder`."""
    return [
        *_ranking(analysis, folder),
        *_front(analysis, folder),
        *film_strips(analysis, folder),
        *path_panels(analysis, folder),
        *_curves(analysis, folder),
        *_parameters(analysis, folder),
    ]


def draw(pictures: Sequence[Picture]) -> None:
    """Draw what was chosen.

    Raises:
        OSError: the folder cannot be written.
    """
    for picture in pictures:
        picture.make()


def draw_metric(analysis: Analysis, metric: str, folder: Path) -> Path:
    """Draw the curves of one metric into a folder; the picture's path.

    Raises:
        OSError: the folder cannot be written.
        NoSuchMetric: no trial has logged it; the message says what was logged.
    """
    logged = {name for trial in analysis.sweep.trials for name in trial.curves}
    metric = logged_name(metric, logged)
    path = folder / f"curves-{re.sub(r'[^A-Za-z0-9]+', '-', metric).strip('-')}.png"
    draw_curves(path, groups_of(analysis, MAX_CONFIGS), [metric])
    return path


def clear(folder: Path, pictures: Sequence[Picture]) -> None:
    """Remove the pictures of an earlier look that are not among `pictures`."""
    for file in set(FILES) - {picture.plot.file for picture in pictures}:
        (folder / file).unlink(missing_ok=True)


def _ranking(analysis: Analysis, folder: Path) -> list[Picture]:
    rows = analysis.ranking.rows[:MAX_ROWS]
    if len(rows) < 2 or not any(map(_valued, rows)):
        return []
    names = [(g.label, g.text) for g in groups_of(analysis, MAX_ROWS)]
    caption = Text(
        f"The configurations by {analysis.ranking.metric}, with intervals and seeds",
        f"各配置的 {analysis.ranking.metric}：区间与各随机种子",
    )
    make = partial(draw_ranking, folder / RANKING, rows, names, analysis.ranking.objectives[0])
    return [Picture(Plot(RANKING, "ranking", caption), make)]


def _front(analysis: Analysis, folder: Path) -> list[Picture]:
    rows, objectives = analysis.ranking.rows, analysis.ranking.objectives
    if not any(row.pareto for row in rows):
        return []
    x, y = (objective.metric for objective in objectives[:2])
    caption = Text(
        f"{x} against {y}: no configuration is better in one than those of the Pareto front "
        "without being worse in another",
        f"{x} 与 {y}：帕累托前沿上的配置，任何其他配置都无法在一项更好而不在另一项更差",
    )
    make = partial(draw_front, folder / FRONT, rows, objectives)
    return [Picture(Plot(FRONT, "front", caption), make)]


def drawn_metrics(analysis: Analysis) -> list[str]:
    """The metrics whose curves are worth a panel: the objectives, then those people look at."""
    return _drawn(analysis, groups_of(analysis, MAX_CONFIGS))


def _drawn(analysis: Analysis, shown: Sequence[Group]) -> list[str]:
    objectives = [objective.metric for objective in analysis.ranking.objectives]
    lengths: dict[str, int] = {}
    for group in shown:
        for trial in group.trials:
            for name, curve in trial.curves.items():
                points = int(np.count_nonzero(np.isfinite(drawable(curve.values))))
                lengths[name] = max(lengths.get(name, 0), points)
    worth = dict.fromkeys(name for name in (*objectives, *LOOKED_AT) if lengths.get(name, 0) > 1)
    return _different(list(worth), shown)[:MAX_PANELS]


def _curves(analysis: Analysis, folder: Path) -> list[Picture]:
    shown = groups_of(analysis, MAX_CONFIGS)
    metrics = _drawn(analysis, shown)
    if not metrics:
        return []
    caption = Text(
        "Learning curves; the best configurations in colour, seeds as thin lines",
        "学习曲线：最好的配置用彩色，各随机种子为细线",
    )
    make = partial(draw_curves, folder / CURVES, shown, metrics)
    return [Picture(Plot(CURVES, "curves", caption), make)]


def _different(metrics: Sequence[str], groups: Sequence[Group]) -> list[str]:
    """The metrics without those that are another one by a second name, in every trial."""
    trials = [trial for group in groups for trial in group.trials]
    kept: list[str] = []
    for name in metrics:
        if not any(all(_same(t.curve(name), t.curve(k)) for t in trials) for k in kept):
            kept.append(name)
    return kept


def _same(a: Curve, b: Curve) -> bool:
    return np.array_equal(a.steps, b.steps) and np.array_equal(a.values, b.values, equal_nan=True)


def _parameters(analysis: Analysis, folder: Path) -> list[Picture]:
    rows = [row for row in analysis.ranking.rows if _valued(row) and not row.schedule]
    objective = analysis.ranking.objectives[0]
    params = _by_importance(analysis)
    domains = domains_of(analysis.sweep.spec, [row.searched for row in rows])
    pictures = []
    if len(rows) >= MIN_SLICED and params:
        caption = Text(
            f"{objective.metric} over each searched parameter",
            f"{objective.metric} 随各搜索参数的变化",
        )
        make = partial(draw_slices, folder / SLICES, rows, params[:MAX_SLICES], domains, objective)
        pictures.append(Picture(Plot(SLICES, "importance", caption), make))
    if analysis.importance is not None and len(analysis.importance.params) >= 2:
        caption = Text("Importance of the parameters", "参数重要性")
        make = partial(draw_importance, folder / IMPORTANCE, analysis.importance)
        pictures.append(Picture(Plot(IMPORTANCE, "importance", caption), make))
    apart = [
        name for name in params if name == params[0] or not _together(domains, name, params[0])
    ]
    if len(rows) >= 6 and len(apart) >= 2:
        first, second = apart[:2]
        caption = Text(
            f"{objective.metric} over {first} and {second} together",
            f"{objective.metric} 随 {first} 与 {second} 的联合变化",
        )
        make = partial(
            draw_interaction, folder / INTERACTION, rows, (first, second), domains, objective
        )
        pictures.append(Picture(Plot(INTERACTION, "importance", caption), make))
    return pictures


def _together(domains: Mapping[str, SearchDomain], name: str, other: str) -> bool:
    """Whether two different parameters vary in the rows of one dimension."""
    shared = {domains[n].dimension if n in domains else "" for n in (name, other)}
    return name != other and len(shared) == 1 and shared != {""}


def _by_importance(analysis: Analysis) -> list[str]:
    """The parameters that vary among the configurations, the most important first."""
    values: dict[str, set[str]] = {}
    for row in analysis.ranking.rows:
        for name, value in row.searched.items():
            values.setdefault(name, set()).add(repr(value))
    varied = [name for name, seen in values.items() if len(seen) > 1]
    found = analysis.importance.params if analysis.importance else ()
    ranked = [name for item in found for name in names_of(item.param)]
    return sorted(varied, key=lambda name: ranked.index(name) if name in ranked else len(ranked))


def _valued(row: Row) -> bool:
    return bool(row.objective.n and np.isfinite(drawable(np.array([row.objective.value])))[0])
