"""Episodes as strips of film; the page plays them."""

from __future__ import annotations

from ilsweep.analysis.plots.plot import FILM_STRIPS
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.parts import Lines, pictures
from ilsweep.analysis.text import Lang, Text

TITLE = Text("Episodes", "回合")
PAGE = Text(
    "Films of the episodes, side by side on the same start, play in `report.html`.",
    "各回合的影片见 `report.html`，可在相同起始状态下并排播放。",
)


def episodes(report: Report, lang: Lang) -> Lines:
    """Nothing where no episode was filmed."""
    shown = pictures(report, "episodes", lang)
    if not shown:
        return []
    filmed = any(plot.file == FILM_STRIPS for plot in report.plots)
    return [f"## {TITLE.of(lang)}", *(["", PAGE.of(lang)] if filmed else []), *shown]
