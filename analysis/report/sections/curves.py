"""The learning curves."""

from __future__ import annotations

from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.parts import Lines, pictures
from ilsweep.analysis.text import Lang, Text

CURVES = Text("Learning curves", "学习曲线")


def curves(report: Report, lang: Lang) -> Lines:
    """Learning curves."""
    lines = pictures(report, "curves", lang)
    return [f"## {CURVES.of(lang)}", *lines] if lines else []
