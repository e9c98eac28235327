"""Learning curves: one panel a metric, the best configurations in colour, seeds as thin lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ilsweep.analysis.plots.canvas import (
    COLOURS,
    OTHERS,
    Array,
    End,
    drawable,
    figure,
    label_ends,
    log_scale,
    plain,
    settle,
    thin,
    wants_log,
)
from ilsweep.analysis.plots.groups import Group
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.model import TrialRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

COLUMNS = 2
PANEL_HEIGHT_IN = 2.5
KEY_LINE_IN = 0.2
LABEL_SHARE = 0.1
"""Room to the right of the last step, as a share of the axis."""


def draw_curves(path: Path, groups: Sequence[Group], metrics: Sequence[str]) -> None:
    """Draw `metrics` (at least one) of `groups`, the best of them first."""
    rows = math.ceil(len(metrics) / COLUMNS)
    key_in = KEY_LINE_IN * (min(len(groups), len(COLOURS) + 1) + 1.5)
    with figure(path, PANEL_HEIGHT_IN * rows + key_in) as fig:
        share = key_in / (PANEL_HEIGHT_IN * rows + key_in)
        top, bottom = fig.subfigures(2, 1, squeeze=False, height_ratios=[share, 1 - share]).flat
        _key(top, groups)
        columns = min(COLUMNS, len(metrics))
        panels = bottom.subplots(rows, columns, squeeze=False)
        ends = {}
        for panel, metric in zip(panels.flat, metrics, strict=False):
            ends[metric] = _panel(panel, metric, groups)
        for panel in panels.flat[len(metrics) :]:
            panel.set_visible(False)
        settle(fig)
        for panel, metric in zip(panels.flat, metrics, strict=False):
            label_ends(panel, ends[metric])


def _key(fig: SubFigure, groups: Sequence[Group]) -> None:
    coloured = groups[: len(COLOURS)]
    others = len(groups) - len(coloured)
    seeds = any(len(group.trials) > 1 for group in groups)
    failed = any(trial.state == "failed" for group in groups for trial in group.trials)
    parts = ["thin: seeds", "thick: median over seeds"] if seeds else []
    legend = ", ".join([*parts, *(["x: failed"] if failed else [])])
    lines = [(f"{g.label}   {g.text}", COLOURS[i]) for i, g in enumerate(coloured)]
    if others:
        lines.append((f"{others} more", "#888888"))
    lines.append((legend, "#888888"))
    for i, (text, colour) in enumerate(lines):
        y = 1 - (i + 0.7) / (len(lines) + 0.5)
        fig.text(0.01, y, text, color=colour, fontsize=9, va="center")


def _panel(axes: Axes, metric: str, groups: Sequence[Group]) -> list[End]:
    """Draw one metric; where the labels of the coloured lines belong."""
    from matplotlib.collections import LineCollection

    axes.set_title(plain(metric))
    ends = []
    grey: list[Array] = []
    seen: list[Array] = []
    right = 0.0
    for i, group in reversed(list(enumerate(groups))):
        curves = [(trial, _drawable(trial.curve(metric))) for trial in group.trials]
        curves = [(trial, curve) for trial, curve in curves if np.isfinite(curve.values).any()]
        if not curves:
            continue
        whole = [curve for trial, curve in curves if trial.state != "failed"]
        middle = thin(_middle(whole or [curve for _, curve in curves]))
        curves = [(trial, thin(curve)) for trial, curve in curves]
        seen += [curve.values for _, curve in curves]
        right = max(right, float(middle.steps[-1]))
        if i >= len(COLOURS):
            grey.append(np.column_stack([middle.steps, middle.values]))
            continue
        for trial, curve in curves:
            _seed_line(axes, trial, curve, COLOURS[i], alone=len(curves) == 1)
        if len(curves) > 1:
            axes.plot(middle.steps, middle.values, color=COLOURS[i], linewidth=2, zorder=3)
        at = np.flatnonzero(np.isfinite(middle.values))[-1]
        ends.append((float(middle.steps[at]), float(middle.values[at]), group.label, COLOURS[i]))
    if grey:
        axes.add_collection(LineCollection(grey, colors=OTHERS, linewidths=0.8, zorder=1))
        axes.autoscale_view()  # before matplotlib 3.11 a collection does not ask for it
    axes.margins(x=0.02)
    axes.set_xlim(right=right + LABEL_SHARE * (right - axes.get_xlim()[0]))
    if seen and wants_log(np.concatenate(seen), 10):
        log_scale(axes, "y")
    axes.set_xlabel("step", fontsize=9)
    return ends


def _drawable(curve: Curve) -> Curve:
    return Curve(curve.steps, drawable(curve.values))


def _seed_line(axes: Axes, trial: TrialRecord, curve: Curve, colour: str, *, alone: bool) -> None:
    few = len(curve) < 12
    axes.plot(
        curve.steps,
        curve.values,
        color=colour,
        linewidth=1.6 if alone else 0.8,
        alpha=1.0 if alone else 0.55,
        marker="o" if few else None,
        markersize=3,
        zorder=2,
    )
    if trial.state == "failed":
        at = np.flatnonzero(np.isfinite(curve.values))[-1]
        axes.plot(curve.steps[at], curve.values[at], marker="x", color=colour, markersize=8)


def _middle(curves: Sequence[Curve]) -> Curve:
    """The median over seeds at the steps that all of them reported; of one seed, itself."""
    shared = curves[0].steps
    for curve in curves[1:]:
        shared = np.intersect1d(shared, curve.steps)
    if len(curves) == 1 or not len(shared):
        return max(curves, key=len)
    values = np.stack([c.values[np.searchsorted(c.steps, shared)] for c in curves])
    finite = np.isfinite(values).all(axis=0)
    if not finite.any():
        return max(curves, key=len)
    return Curve(shared[finite], np.median(values[:, finite], axis=0))
