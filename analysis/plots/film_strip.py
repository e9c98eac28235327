"""Strips of film: an episode that the best configuration solved, and one that the last did not."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.plots.plot import FILM_STRIPS, Picture, Plot
from ilsweep.analysis.ranking.model import Row
from ilsweep.analysis.records.episodes import INTACT, Episode, read_episodes
from ilsweep.analysis.records.files import write_atomic
from ilsweep.analysis.text import Text

PICTURES = 8
SIDE = 112
LOOKED_AT = 10
"""Configurations from either end of the ranking among which one is looked for."""
GAP = 4
"""Pixels between two strips."""


def film_strips(analysis: Analysis, folder: Path) -> list[Picture]:
    """A picture of both, or of the one that there is; none without films."""
    rows = analysis.ranking.rows
    best = _first(analysis, rows[:LOOKED_AT], True)
    worst = _first(analysis, rows[::-1][:LOOKED_AT], False)
    found = [strip for strip in (best, worst) if strip]
    if not found:
        return []
    said = [about for about, _ in found]
    caption = Text("; ".join(text.en for text in said), "；".join(text.zh for text in said))
    strips = [pictures for _, pictures in found]
    make = partial(_draw, strips, folder / FILM_STRIPS)
    return [Picture(Plot(FILM_STRIPS, "episodes", caption), make)]


def _first(
    analysis: Analysis, rows: Sequence[Row], success: bool
) -> tuple[Text, list[Image.Image]] | None:
    """The first episode with that outcome whose film can be read, and pictures of it."""
    for row in rows:
        for trial in row.trial_ids:
            for episode in read_episodes(analysis.sweep.paths.trial(trial)):
                if not episode.film or (episode.variant, episode.success) != (INTACT, success):
                    continue
                if pictures := _frames(episode.film):
                    return _about(trial, episode), pictures
    return None


def _about(trial: str, episode: Episode) -> Text:
    outcome = Text("succeeded", "成功") if episode.success else Text("failed", "失败")
    return Text(
        f"{trial}, evaluation seed {episode.seed}: {outcome.en}, {episode.steps} steps",
        f"{trial}，评估种子 {episode.seed}：{outcome.zh}，{episode.steps} 步",
    )


def _draw(strips: Sequence[Sequence[Image.Image]], path: Path) -> None:
    width = SIDE * PICTURES
    sheet = Image.new("RGB", (width, len(strips) * (SIDE + GAP) - GAP), "white")
    for i, strip in enumerate(strips):
        for j, picture in enumerate(strip):
            sheet.paste(picture, (j * SIDE, i * (SIDE + GAP)))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    write_atomic(path, buffer.getvalue())


def _frames(film: Path) -> list[Image.Image]:
    """At most `PICTURES` pictures of a film, evenly spaced, square; none of a damaged one."""
    import av

    try:
        with av.open(str(film), "r") as container:
            shown: list[Any] = list(container.decode(video=0))
    except (OSError, ValueError, av.FFmpegError):
        return []
    last = max(1, PICTURES - 1)
    chosen = [shown[round(i * (len(shown) - 1) / last)] for i in range(PICTURES if shown else 0)]
    return [frame.to_image().resize((SIDE, SIDE)) for frame in chosen]
