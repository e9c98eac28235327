"""Lines that several sections share: pictures, lists of names, times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ilsweep.analysis.plots.plot import Section
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import inline, link_text
from ilsweep.analysis.report.words import SEPARATOR
from ilsweep.analysis.text import Lang

Lines = list[str]

MAX_NAMES = 4


def pictures(report: Report, section: Section, lang: Lang) -> Lines:
    """The pictures of one section; the caption is also what a reader without pictures gets."""
    lines: Lines = []
    for plot in report.plots:
        if plot.section == section:
            lines += ["", f"![{link_text(plot.caption.of(lang))}](plots/{plot.file})"]
    return lines


def names(items: Sequence[str], lang: Lang) -> str:
    """A list of names that stays short."""
    shown = SEPARATOR.of(lang).join(inline(item, 80) for item in items[:MAX_NAMES])
    return shown if len(items) <= MAX_NAMES else f"{shown} … +{len(items) - MAX_NAMES}"


def moment(time: object) -> str:
    """`2025-12-24T07:47:12+00:00` as the known reports write times: `2025-12-24 07:47`."""
    return str(time)[:16].replace("T", " ")


def flat(value: Any) -> str:
    """A value of the manifest on one line: `numpy 2.4, ray 2.60`."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {flat(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(flat(item) for item in value)
    return str(value)
