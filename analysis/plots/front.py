"""Two objectives against each other: the Pareto front among all configurations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.plots.canvas import (
    COLOURS,
    OTHERS,
    drawable,
    figure,
    log_scale,
    wants_log,
)
from ilsweep.analysis.plots.groups import caption_of, label_of
from ilsweep.analysis.ranking.model import Row

HEIGHT_IN = 4.2
MAX_LABELS = 12


def draw_front(path: Path, rows: Sequence[Row], objectives: Sequence[Objective]) -> None:
    """Draw the first two objectives; at least one of `rows` is on the front."""
    x, y = objectives[:2]
    points = drawable(np.array([[r.objectives[o.metric].value for o in (x, y)] for r in rows]))
    front = np.array([row.pareto for row in rows])
    with figure(path, HEIGHT_IN) as fig:
        axes = fig.subplots()
        axes.plot(*points[~front].T, "o", markersize=5, color=OTHERS, label="others")
        best = points[front][np.argsort(points[front][:, 0])]
        axes.plot(*best.T, "o-", markersize=8, linewidth=1, color=COLOURS[0], label="Pareto front")
        for i in np.flatnonzero(front)[:MAX_LABELS]:
            axes.annotate(
                label_of(rows[i]), xy=points[i], xytext=(6, 5), textcoords="offset points",
                fontsize=9, color=COLOURS[0], annotation_clip=False,
            )  # fmt: skip
        for objective, which, column in ((x, "x", 0), (y, "y", 1)):
            if wants_log(points[:, column]):
                log_scale(axes, which)
            label = axes.set_xlabel if which == "x" else axes.set_ylabel
            label(caption_of(objective), fontsize=9)
        axes.legend(frameon=False, fontsize=9)
