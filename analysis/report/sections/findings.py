"""What is wrong, with the evidence of every run that has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.formatting import number
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import code, inline
from ilsweep.analysis.report.labels import SEVERITY
from ilsweep.analysis.report.parts import Lines, names
from ilsweep.analysis.report.tables import table
from ilsweep.analysis.report.words import COLON, RUN
from ilsweep.analysis.text import Lang, Text

MAX_EXAMPLES = 5

FINDINGS = Text("Findings", "诊断与结论")
IN_RUNS = Text("Seen in {n} of {total} runs: {names}.", "见于 {total} 次实验中的 {n} 次：{names}。")
MORE_FINDINGS = Text("The rest ({n}) is in `report.json`.", "其余 {n} 次见 `report.json`。")


def findings(report: Report, lang: Lang) -> Lines:
    """One entry for each finding, with the evidence of every run that has it."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in report.analysis.findings:
        groups.setdefault((finding.id, finding.severity), []).append(finding)
    lines: Lines = []
    for group in groups.values():
        lines += ["", *_finding(group, report, lang)]
    return [f"## {FINDINGS.of(lang)}", *lines] if lines else []


def _finding(group: Sequence[Finding], report: Report, lang: Lang) -> Lines:
    first = group[0]
    title = f"### {SEVERITY[first.severity].of(lang)}{COLON.of(lang)}{code(first.id)}"
    evidence = _evidence(group, report, lang)
    if not first.trial:
        explanations = dict.fromkeys(
            inline(finding.explanation.of(lang), 2000) for finding in group
        )
        return [title, "", *(f"- {line}" for line in explanations), *evidence]
    counted = IN_RUNS.of(lang).format(
        n=len(group),
        total=len(report.analysis.sweep.trials),
        names=names([report.called(f.trial) for f in group], lang),
    )
    about = inline(report.called(first.trial))
    explanation = inline(first.explanation.of(lang), 2000)
    return [title, "", counted, "", f"{about}{COLON.of(lang)}{explanation}", *evidence]


def _evidence(group: Sequence[Finding], report: Report, lang: Lang) -> Lines:
    """The numbers that made a finding fire, in the first runs that it fired on."""
    shown = group[:MAX_EXAMPLES]
    evidence = list(dict.fromkeys(name for finding in shown for name in finding.evidence))
    rows = [
        [
            code(report.called(f.trial), 80) if f.trial else "",
            *(_value(f.evidence.get(e)) for e in evidence),
        ]
        for f in shown
    ]
    lines = ["", *table([RUN.of(lang), *(inline(name) for name in evidence)], rows)]
    if len(group) > len(shown):
        lines += ["", MORE_FINDINGS.of(lang).format(n=len(group) - len(shown))]
    return lines if evidence else []


def _value(value: Any) -> str:
    """A number or a word of evidence, fit for a cell."""
    if value is None:
        return ""
    return number(value) if isinstance(value, float) else inline(value)
