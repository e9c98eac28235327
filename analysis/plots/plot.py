"""A picture: its file, the section of the report that shows it, its caption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ilsweep.analysis.text import Text

RANKING, CURVES = "ranking.png", "curves.png"
SLICES, IMPORTANCE, INTERACTION = "slices.png", "importance.png", "interaction.png"
FRONT, FILM_STRIPS, PATHS = "front.png", "episodes.png", "paths.png"
FILES = (RANKING, CURVES, SLICES, IMPORTANCE, INTERACTION, FRONT, FILM_STRIPS, PATHS)

Section = Literal["ranking", "front", "episodes", "curves", "importance"]


@dataclass(frozen=True)
class Plot:
    """A PNG in the sweep's `plots/`."""

    file: str
    section: Section
    caption: Text


@dataclass(frozen=True)
class Picture:
    """A plot and what makes its file; holds no more of the records than is drawn."""

    plot: Plot
    make: Callable[[], None]
