"""An analysis to `report.html`: one file that needs no network, drawn by a small script of ours.

Values and words are the report's; what is drawn is data in the file. A content security policy
allows the page's own script alone, by its hash, and no request at all.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import jinja2
from markupsafe import Markup

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.formatting import number
from ilsweep.analysis.page.content import answer_of, drawings, lesions, lights, title_of
from ilsweep.analysis.page.episodes import MOST_CONFIGURATIONS
from ilsweep.analysis.page.markdown_html import to_html
from ilsweep.analysis.page.words import WORDS
from ilsweep.analysis.planning.plan import next_steps
from ilsweep.analysis.planning.remedies import Change
from ilsweep.analysis.plots import choose
from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.sections.answer import answer
from ilsweep.analysis.report.sections.controls import controls
from ilsweep.analysis.report.sections.curves import curves
from ilsweep.analysis.report.sections.episodes import episodes
from ilsweep.analysis.report.sections.ranking import ranking
from ilsweep.analysis.report.sections.registry import SECTIONS, Section
from ilsweep.analysis.report.sections.runs import runs
from ilsweep.analysis.text import Lang, Text

HERE = Path(__file__).parent
SCRIPTS = ("page.js", "charts.js", "predictions.js", "episodes.js")
LANGS: tuple[Lang, ...] = ("en", "zh")
DRAWN: tuple[Section, ...] = (answer, controls, ranking, episodes, runs, curves)
"""The sections of the report that the page shows in its own way."""


def write_page(
    analysis: Analysis, changes: Sequence[Change] = (), changes_note: Text | None = None
) -> Path:
    """Write the page of a sweep into its folder; its file.

    Called after the report, whose pictures it takes in.

    Raises:
        OSError: the folder cannot be written.
    """
    write_atomic(analysis.sweep.paths.page, page(analysis, changes, changes_note))
    return analysis.sweep.paths.page


def page(
    analysis: Analysis, changes: Sequence[Change] = (), changes_note: Text | None = None
) -> str:
    """The page as text, with the pictures of the report that are there."""
    plots = analysis.sweep.paths.plots
    report = Report(
        analysis=analysis,
        trainer=str(analysis.sweep.spec.get("trainer") or ""),
        system="",
        runs=(),
        updates=(),
        steps=tuple(next_steps(analysis)),
        plots=tuple(picture.plot for picture in choose(analysis, plots)),
        changes=tuple(changes),
        changes_note=changes_note,
    )
    return _filled(report, plots)


def _filled(report: Report, plots: Path) -> str:
    shown = drawings(report)
    return render(
        title_of(report),
        shown,
        sweep={
            "answer": answer_of(report),
            "lesions": lesions(report),
            "controls": _both(controls, report, plots),
            "ranking": _both(ranking, report, plots),
            "lights": lights(report),
            "visible": _visible(report),
            "curves": bool(shown["curves"]),
            "unshown": max(0, len(report.analysis.ranking.rows) - MOST_CONFIGURATIONS),
            "after": [_both(s, report, plots) for s in SECTIONS if s not in DRAWN],
        },
    )


def render(
    title: str, shown: Mapping[str, Any], sweep: object = None, card: Markup | None = None
) -> str:
    """A page of episodes, and of the sweep or the card that they belong to.

    Args:
        shown: What its script draws, as `content.drawings` gives it.
    """
    script = "\n".join((HERE / name).read_text() for name in SCRIPTS)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["both"] = both
    words = {name: vars(text) for name, text in WORDS.items()}
    return environment.get_template("page.html.jinja").render(
        title=title,
        words=WORDS,
        style=Markup((HERE / "page.css").read_text()),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        data=Markup(in_script({**shown, "words": words})),
        card=card,
        sweep=sweep,
        shown=shown,
    )


def both(text: Text, **values: object) -> Markup:
    """A text in both languages, of which the page shows one; `values` fill its places."""
    filled = {lang: text.of(lang).format(**values) if values else text.of(lang) for lang in LANGS}
    return Markup("").join(
        Markup('<span lang="{}">{}</span>').format(lang, words) for lang, words in filled.items()
    )


def in_script(value: object) -> str:
    """JSON that may stand in a `script` element: nothing in it can end the element."""
    return to_json(value, indent=None).replace("<", "\\u003c")


def _both(section: Section, report: Report, plots: Path) -> Markup:
    """A section in both languages; empty where it has nothing to say."""
    return in_both(lambda lang: section(report, lang), plots)


def in_both(lines: Callable[[Lang], Sequence[str]], plots: Path) -> Markup:
    """Markdown in both languages as HTML; empty where there is none."""
    parts = {lang: lines(lang) for lang in LANGS}
    if not any(parts.values()):
        return Markup("")
    return Markup("").join(
        Markup('<div lang="{}">{}</div>').format(lang, Markup(to_html(part, plots)))
        for lang, part in parts.items()
    )


def _visible(report: Report) -> dict[str, str] | None:
    """The smallest difference that the ranking shows in 80 % of cases; None where not known."""
    ranking = report.analysis.ranking
    seen = [pair.visible for pair in ranking.comparisons if math.isfinite(pair.visible)]
    if not seen or ranking.no_order:
        return None
    return {"value": number(median(seen)), "metric": ranking.metric}
