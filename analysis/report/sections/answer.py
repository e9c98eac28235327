"""The question and its answer, and what the records lack."""

from __future__ import annotations

from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import inline
from ilsweep.analysis.report.parts import Lines
from ilsweep.analysis.report.words import COLON
from ilsweep.analysis.text import Lang, Text

QUESTION = Text("Question", "问题")
ANSWER = Text("Answer", "结论")
MISSING = Text("What the records lack", "记录中缺少的内容")


def answer(report: Report, lang: Lang) -> Lines:
    """The question and its answer, and what the records lack."""
    analysis = report.analysis
    lines = []
    if report.question:
        lines += [f"**{QUESTION.of(lang)}**{COLON.of(lang)}{inline(report.question, 1000)}", ""]
    lines += [f"**{ANSWER.of(lang)}**{COLON.of(lang)}{inline(analysis.answer.of(lang), 4000)}"]
    if analysis.notes:
        lines += ["", f"**{MISSING.of(lang)}**{COLON.of(lang)}", ""]
        lines += [f"- {inline(note.of(lang), 1000)}" for note in analysis.notes]
    return lines
