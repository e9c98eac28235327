"""The searched parameters: how much each matters, and the objective along and across them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ilsweep.analysis.formatting import show
from ilsweep.analysis.inference.importance import Importance
from ilsweep.analysis.inference.search_space import SearchDomain
from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.plots.canvas import (
    COLOURS,
    INK,
    LARGEST,
    MOST,
    OTHERS,
    Array,
    drawable,
    figure,
    log_scale,
    plain,
    wants_log,
)
from ilsweep.analysis.ranking.model import Row
from ilsweep.analysis.ranking.naming import shortened, texts_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 3
SPREAD = {"x": 0.7548776662, "y": 0.5698402909}
"""Steps of the R2 sequence (Roberts 2018), which moves equal values evenly apart."""
FEW_LEVELS = 4
MAX_LEVELS = 12
"""A parameter gets an axis of numbers if it has more different values than this, or than half of
the configurations; with few it always gets one place for each."""

NAME, VALUE = 48, 14
"""Characters of a parameter's name and of its value, longer where two would read the same."""
CROWD = 300
"""More dots than this are drawn small."""


def draw_importance(path: Path, importance: Importance) -> None:
    """Shares of the variation of the objective, the largest on top, with their intervals."""
    shown = importance.params[:MAX_LEVELS]
    with figure(path, 0.9 + 0.32 * len(shown)) as fig:
        axes = fig.subplots()
        for place, param in enumerate(shown):
            axes.barh(place, 100 * param.share, color=COLOURS[0], height=0.6)
            if param.interval is not None:
                ends = [100 * param.interval.low, 100 * param.interval.high]
                axes.plot(ends, [place, place], color=INK, linewidth=1.5)
        names = shortened([plain(param.param, MOST) for param in shown], NAME)
        axes.set_yticks(range(len(shown)), names)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.grid(axis="y", visible=False)
        axes.set_title(
            f"share of the variation of {plain(importance.metric)}, %  "
            f"({importance.method}; line: 95 % interval)",
            fontweight="normal",
        )


def draw_slices(
    path: Path,
    rows: Sequence[Row],
    params: Sequence[str],
    domains: Mapping[str, SearchDomain],
    objective: Objective,
) -> None:
    """The objective over each of `params` (at least one), a dot a configuration."""
    height = math.ceil(len(params) / COLUMNS)
    columns = min(COLUMNS, len(params))
    with figure(path, 2.7 * height + 0.4) as fig:
        panels = fig.subplots(height, columns, squeeze=False, sharey=True)
        for panel, param in zip(panels.flat, params, strict=False):
            _slice(panel, rows, param, domains)
        for panel in panels.flat[len(params) :]:
            panel.set_visible(False)
        if wants_log([row.objective.value for row in rows]):
            log_scale(panels[0, 0], "y")
        fig.supylabel(plain(objective.metric), fontsize=9)
        caption = "a dot a configuration; #1: the first of the ranking"
        if not all(row.healthy for row in rows):
            caption += "; grey crosses: not healthy"
        fig.suptitle(caption, fontsize=9, x=0.01, ha="left")


def _slice(
    axes: Axes, rows: Sequence[Row], param: str, domains: Mapping[str, SearchDomain]
) -> None:
    known = [row for row in rows if row.searched.get(param) is not None]
    axes.set_xlabel(plain(param), fontsize=9)
    if not known:
        return
    x = _axis(axes, [row.searched[param] for row in known], domains.get(param))
    y = drawable(np.array([row.objective.value for row in known], np.float64))
    healthy = np.array([row.healthy for row in known])
    size, alpha = (5.5, 0.6) if len(known) <= CROWD else (2.0, 0.3)
    axes.plot(x[~healthy], y[~healthy], "x", color=OTHERS, markersize=size)
    axes.plot(x[healthy], y[healthy], "o", color=COLOURS[0], markersize=size, alpha=alpha)
    first = next((i for i, row in enumerate(known) if row.rank == 1), None)
    if first is not None and math.isfinite(y[first]):
        _best(axes, float(x[first]), float(y[first]))


def _best(axes: Axes, x: float, y: float) -> None:
    axes.plot(
        x, y, "o", markersize=11, markerfacecolor="none", markeredgecolor=COLOURS[1],
        markeredgewidth=2, zorder=4,
    )  # fmt: skip
    axes.annotate(
        "#1", xy=(x, y), xytext=(8, 6), textcoords="offset points", color=COLOURS[1],
        fontsize=9, fontweight="bold", annotation_clip=False,
    )  # fmt: skip


def _axis(
    axes: Axes, values: Sequence[Any], domain: SearchDomain | None, which: str = "x"
) -> Array:
    """Positions of values along an axis, which is set up for them: few values evenly spaced."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    numeric = all(
        isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= LARGEST for v in values
    )
    levels = sorted(set(values)) if numeric else sorted({show(v) for v in values})
    if numeric and len(levels) > min(MAX_LEVELS, max(FEW_LEVELS, len(values) // 2)):
        positions = drawable(np.array(values, np.float64))
        if domain is not None and domain.log and positions.min() > 0:
            log_scale(axes, which)
        return positions
    texts = [plain(text, MOST) for text in texts_of(levels)]
    axis.set_ticks(range(len(levels)), shortened(texts, VALUE))
    (axes.set_xlim if which == "x" else axes.set_ylim)(-0.5, len(levels) - 0.5)
    places = {level: i for i, level in enumerate(levels)}
    keys = values if numeric else [show(v) for v in values]
    spread = np.arange(len(values)) * SPREAD[which] % 1 - 0.5
    return np.array([places[key] for key in keys], np.float64) + 0.3 * spread


def draw_interaction(
    path: Path,
    rows: Sequence[Row],
    params: tuple[str, str],
    domains: Mapping[str, SearchDomain],
    objective: Objective,
) -> None:
    """The objective in colour over two parameters; rows without a value are left out."""
    known = [
        row
        for row in rows
        if all(row.searched.get(p) is not None for p in params)
        and math.isfinite(drawable(np.array([row.objective.value]))[0])
    ]
    with figure(path, 4.2) as fig:
        axes = fig.subplots()
        x = _axis(axes, [row.searched[params[0]] for row in known], domains.get(params[0]))
        y = _axis(axes, [row.searched[params[1]] for row in known], domains.get(params[1]), "y")
        values = np.array([row.objective.value for row in known])
        best_dark = "viridis_r" if objective.mode == "max" else "viridis"
        points = axes.scatter(x, y, c=values, cmap=best_dark, s=90, edgecolor="white")
        fig.colorbar(points, ax=axes, label=f"{plain(objective.metric)} (dark is better)")
        axes.set_xlabel(plain(params[0]))
        axes.set_ylabel(plain(params[1]))
        first = next((i for i, row in enumerate(known) if row.rank == 1), None)
        if first is not None:
            _best(axes, float(x[first]), float(y[first]))
