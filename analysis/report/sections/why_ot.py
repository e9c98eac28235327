"""Why the transport loss does not fall steadily."""

from __future__ import annotations

from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import inline
from ilsweep.analysis.report.parts import Lines
from ilsweep.analysis.report.words import COLON, MORE_RUNS
from ilsweep.analysis.text import Lang, Text

MAX_EXAMPLES = 5

WHY_OT = Text("Why is ot_loss not falling steadily?", "为什么 ot_loss 不是单调下降？")


def why_ot(report: Report, lang: Lang) -> Lines:
    """Where the movement of the transport loss came from, run by run."""
    movement = report.analysis.ot_movement
    shown = [run.id for run in report.runs if run.id in movement][:MAX_EXAMPLES]
    lines = [
        f"- {inline(report.called(i))}{COLON.of(lang)}{inline(movement[i].text.of(lang), 1000)}"
        for i in shown
    ]
    if len(movement) > MAX_EXAMPLES:
        lines += ["", MORE_RUNS.of(lang).format(n=len(movement) - MAX_EXAMPLES)]
    return [f"## {WHY_OT.of(lang)}", "", *lines] if lines else []
