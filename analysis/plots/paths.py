"""Paths of the end effector from above: a panel a configuration, over the demonstrated ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.plots.canvas import COLOURS, MOST, OTHERS, figure, plain
from ilsweep.analysis.plots.groups import label_of
from ilsweep.analysis.plots.plot import PATHS, Picture, Plot
from ilsweep.analysis.ranking.naming import shortened
from ilsweep.analysis.records.episodes import DEMONSTRATION, INTACT, Episode, read_episodes
from ilsweep.analysis.records.predictions import PredictedPath, read_predictions
from ilsweep.analysis.text import Text

PANELS = 4
NAME = 24
"""Characters of a trial's id, longer where two would read the same."""
HEIGHT_IN = 2.6
WON, LOST, PREDICTED = COLOURS[2], COLOURS[1], COLOURS[0]
CAPTION = Text(
    "Paths of the end effector from above, of one training seed each: grey demonstrated, blue "
    "predicted from demonstrated frames on, green in episodes that succeeded, orange in those that "
    "failed. Paths that are alike over starts that "
    "are not are those of a policy that does not look",
    "末端执行器路径俯视图，每个配置取一个训练种子：灰色为示范，蓝色为自示范帧起的预测，绿色为成功回合，橙色为失败回合。"
    "起始状态不同而路径雷同，说明策略不看图像",
)


@dataclass(frozen=True)
class Panel:
    """One policy's paths."""

    name: str
    episodes: Sequence[Episode]
    predicted: Sequence[PredictedPath]


def path_panels(analysis: Analysis, folder: Path) -> list[Picture]:
    """A picture of the first configurations of the ranking; none where no path was kept."""
    panels, rows = [], analysis.ranking.rows[:PANELS]
    names = shortened([plain(row.trial_ids[0], MOST) for row in rows], NAME)
    for row, name in zip(rows, names, strict=True):
        kept = read_episodes(analysis.sweep.paths.trial(row.trial_ids[0]))
        episodes = [e for e in kept if e.path and e.variant in (INTACT, DEMONSTRATION)]
        if any(episode.variant == INTACT for episode in episodes):
            predicted = read_predictions(analysis.sweep.paths.trial(row.trial_ids[0])).paths
            panels.append(Panel(f"{label_of(row)}  {name}", episodes, predicted))
    if not panels:
        return []
    return [Picture(Plot(PATHS, "episodes", CAPTION), partial(draw_paths, folder / PATHS, panels))]


def draw_paths(path: Path, panels: Sequence[Panel]) -> None:
    """Draw at least one panel; all have the same scale in both directions."""
    with figure(path, HEIGHT_IN) as fig:
        shown = fig.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)
        for axes, panel in zip(shown.flat, panels, strict=True):
            axes.set_title(panel.name)
            axes.set_aspect("equal", adjustable="box")
            for episode in sorted(panel.episodes, key=lambda e: e.variant != DEMONSTRATION):
                x, y = ([point[axis] for point in episode.path] for axis in (0, 1))
                colour = WON if episode.success else LOST
                if episode.variant == DEMONSTRATION:
                    colour = OTHERS
                axes.plot(x, y, color=colour, linewidth=1.1, alpha=0.8)
            for ahead in panel.predicted:
                x, y = ([point[axis] for point in ahead.points] for axis in (0, 1))
                axes.plot(x, y, color=PREDICTED, linewidth=0.8, alpha=0.8)
            axes.set_xlabel("x (m)", fontsize=9)
        shown.flat[0].set_ylabel("y (m)", fontsize=9)
