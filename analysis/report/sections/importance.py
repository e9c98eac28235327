"""Which parameter matters."""

from __future__ import annotations

from ilsweep.analysis.formatting import number
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import code, inline
from ilsweep.analysis.report.parts import Lines, pictures
from ilsweep.analysis.report.tables import interval, table
from ilsweep.analysis.text import Lang, Text

IMPORTANCE = Text("Importance of the parameters", "参数重要性")
PARAMETER = Text("parameter", "参数")
SHARE = Text("share of the variation of {metric}", "占 {metric} 变化的比例")


def importance(report: Report, lang: Lang) -> Lines:
    """Which parameter matters, and where the space was too small."""
    found = report.analysis.importance
    lines: Lines = []
    if found is not None:
        head = [PARAMETER.of(lang), SHARE.of(lang).format(metric=inline(found.metric))]
        rows = [
            [code(p.param), f"{number(100 * p.share)} %" + interval(p.interval, 100)]
            for p in found.params
        ]
        lines += ["", *table(head, rows)] if rows else []
        lines += ["", inline(found.note.of(lang), 600)] if found.note.of(lang) else []
    lines += pictures(report, "importance", lang)
    return [f"## {IMPORTANCE.of(lang)}", *lines] if lines else []
