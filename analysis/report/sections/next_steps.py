"""What to change next."""

from __future__ import annotations

from typing import Any

from ilsweep.analysis.formatting import show
from ilsweep.analysis.planning.proposals import OWN, OWN_ZH
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import code, inline
from ilsweep.analysis.report.parts import Lines, flat, names
from ilsweep.analysis.report.tables import table
from ilsweep.analysis.report.words import COLON, SEPARATOR, SOURCE
from ilsweep.analysis.text import Lang, Text

NEXT_STEPS = Text("Next steps", "下一步建议")
OPS = {
    "set": Text("set to {value}", "设为 {value}"),
    "multiply": Text("multiply by {value}", "乘以 {value}"),
    "add": Text("add {value}", "加 {value}"),
}
FOR_RUNS = Text("for {runs}", "适用于 {runs}")
BECAUSE = Text("from", "依据")
NEXT_STAGE = Text("What `ilsweep next` changes:", "`ilsweep next` 所做的修改：")
PLACE = Text("in the spec", "位置")
BEFORE = Text("before", "原值")
AFTER = Text("after", "新值")
REASON = Text("reason", "理由")


def next_steps(report: Report, lang: Lang) -> Lines:
    """What the findings suggest to change, each change once."""
    lines = []
    for step in report.steps:
        change = OPS[step.op].of(lang).format(value=show(step.value))
        of = (
            FOR_RUNS.of(lang).format(
                runs=names([report.called(name) for name in step.trials], lang)
            )
            if step.trials
            else ""
        )
        found_by = SEPARATOR.of(lang).join(map(code, step.findings))
        colon, reason = COLON.of(lang), inline(step.reason.of(lang), 600)
        lines.append(
            f"- {code(step.param)} {inline(change)}{colon}{reason}"
            f" ({BECAUSE.of(lang)}{colon}{found_by}{'; ' + of if of else ''}; "
            f"{SOURCE.of(lang)}{colon}{inline(_source(step.source, lang))})"
        )
    lines += _next_stage(report, lang, apart=bool(lines))
    return [f"## {NEXT_STEPS.of(lang)}", "", *lines] if lines else []


def _setting(path: str, value: Any) -> str:
    """One side of a change: a value, the claims of hypotheses, nothing."""
    if value is None:
        return ""
    if path == "hypotheses" and isinstance(value, list):
        claims = [str(item.get("claim")) for item in value if isinstance(item, dict)]
        return inline("; ".join(claims), 600)
    return code(flat(value), 100)


def _source(source: str, lang: Lang) -> str:
    """Where a suggestion comes from; titles stay in their own language."""
    return source.replace(OWN, OWN_ZH) if lang == "zh" else source


def _next_stage(report: Report, lang: Lang, *, apart: bool) -> Lines:
    """What the next stage's spec changes, and why."""
    rows = [
        [
            code(change.path),
            _setting(change.path, change.before),
            _setting(change.path, change.after),
            inline(change.reason.of(lang), 600),
            inline(_source(change.source, lang)),
        ]
        for change in report.changes
    ]
    if not rows:
        return []
    head = [PLACE.of(lang), BEFORE.of(lang), AFTER.of(lang), REASON.of(lang), SOURCE.of(lang)]
    note = report.changes_note
    more = ["", inline(note.of(lang), 600)] if note else []
    return [*([""] if apart else []), f"{NEXT_STAGE.of(lang)}", "", *table(head, rows), *more]
