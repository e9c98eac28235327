"""The ranking as a picture: each configuration's value, its interval, its seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ilsweep.analysis.metrics.catalog import is_success_rate
from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.plots.canvas import (
    COLOURS,
    INK,
    drawable,
    figure,
    log_scale,
    plain,
    wants_log,
    wrapped,
)
from ilsweep.analysis.plots.groups import caption_of
from ilsweep.analysis.ranking.model import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_HEIGHT_IN = 0.27
LINE_HEIGHT_IN = 0.16
"""Of each further line of a name."""
WIDTH = 58
"""Characters of a line of a name."""
RING = 3
"""Room beside 0 and 100 %, so that a seed's ring is whole."""


def draw_ranking(
    path: Path, shown: Sequence[Row], names: Sequence[tuple[str, str]], objective: Objective
) -> None:
    """Draw the rows to be shown, each with its label and name; at least one has a value."""
    lines = [wrapped(f"{label}  {name}", WIDTH) for label, name in names]
    row_height = ROW_HEIGHT_IN + LINE_HEIGHT_IN * (max(map(len, lines)) - 1)
    with figure(path, 1.1 + row_height * len(shown)) as fig:
        axes = fig.subplots()
        for place, row in enumerate(shown):
            _row(axes, place, row)
        axes.set_yticks(range(len(shown)), ["\n".join(line) for line in lines])
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        caption = caption_of(objective)
        if any(row.objective.n > 1 for row in shown):
            caption += "; dot: over seeds, bar: 95 % interval, rings: seeds"
        if not all(row.healthy for row in shown):
            caption += "; cross: not healthy"
        fig.suptitle(caption, fontsize=10, x=0.01, ha="left")
        _limits(axes, shown, percent=is_success_rate(objective.metric))
        _remarks(axes, shown)


def _row(axes: Axes, place: int, row: Row) -> None:
    colour = COLOURS[0] if row.healthy else COLOURS[1]
    value = drawable(np.array([row.objective.value]))[0]
    if not math.isfinite(value):
        return
    bounds = row.objective.interval
    if bounds is not None:
        low, high = drawable(np.array([bounds.low, bounds.high]))
        axes.plot([low, high], [place, place], color=colour, linewidth=4, alpha=0.3)
    seeds = drawable(np.array(row.objective.values))
    axes.plot(
        seeds, [place] * len(seeds), "o", markersize=4.5, markerfacecolor="none",
        markeredgecolor=colour, markeredgewidth=0.8, alpha=0.8,
    )  # fmt: skip
    axes.plot(
        value, place, "o" if row.healthy else "X", markersize=8, color=colour,
        markeredgecolor="white", markeredgewidth=0.8, zorder=4,
    )  # fmt: skip


def _limits(axes: Axes, rows: Sequence[Row], *, percent: bool) -> None:
    """Room for every seed and interval; one much wider than all seeds runs out of the picture.

    An axis in `percent` ends at 0 and at 100, with room for a ring.
    """
    values = [v for row in rows for v in (row.objective.value, *row.objective.values)]
    seen = drawable(np.array(values, np.float64))
    seen = seen[np.isfinite(seen)]
    if wants_log(seen):
        log_scale(axes, "x")
        return
    low, high = float(seen.min()), float(seen.max())
    room = 0.35 * (high - low) or 0.1 * abs(high) or 1.0
    bounds = [row.objective.interval for row in rows if row.objective.interval]
    least = min([low - 0.9 * room, *(b.low for b in bounds)])
    most = max([high + 0.9 * room, *(b.high for b in bounds)])
    left, right = max(low - 3 * room, least - 0.1 * room), min(high + 3 * room, most + 0.1 * room)
    if percent:
        left, right = max(left, -RING), min(right, 100 + RING)
    axes.set_xlim(left, right)


def _remarks(axes: Axes, rows: Sequence[Row]) -> None:
    """To the right: successes, and why a configuration is not healthy."""
    for place, row in enumerate(rows):
        counted = f"{row.successes.k}/{row.successes.n}" if row.successes else ""
        failed = f"{row.states['failed']} failed" if row.states.get("failed") else ""
        ill = "" if row.healthy else ", ".join(row.critical)
        remark = "  ".join(text for text in (counted, failed, ill) if text)
        if not remark and not row.objective.n:
            remark = "no value"
        if remark:
            axes.annotate(
                plain(remark, 40), xy=(1.01, place), xycoords=("axes fraction", "data"),
                fontsize=9, color=INK if row.healthy else COLOURS[1], annotation_clip=False,
                va="center",
            )  # fmt: skip
