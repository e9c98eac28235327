"""The claims of the spec, judged."""

from __future__ import annotations

from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import code, inline
from ilsweep.analysis.report.parts import Lines
from ilsweep.analysis.report.words import COLON
from ilsweep.analysis.text import Lang, Text
from ilsweep.analysis.verdicts.claims import WORDS as VERDICTS

HYPOTHESES = Text("Hypotheses", "假设检验")
EXPECTATIONS = {
    "increase": Text("increases", "上升"),
    "decrease": Text("decreases", "下降"),
    "no_effect": Text("does not move", "不变"),
}
EXPECTED = Text(
    "expected: a larger {param} {expect} {metric}", "预期：{param} 增大时 {metric} {expect}"
)
EXPECTED_LEVELS = Text(
    "expected: from {low} to {high}, {param} {expect} {metric}",
    "预期：{param} 从 {low} 变为 {high} 时 {metric} {expect}",
)


def hypotheses(report: Report, lang: Lang) -> Lines:
    """Each claim of the spec with its verdict and the numbers behind it."""
    lines: Lines = []
    for verdict in report.analysis.hypotheses:
        template = EXPECTED.of(lang) if verdict.numbers else EXPECTED_LEVELS.of(lang)
        ends = [code(level[0], 80) for level in verdict.levels] or [""]
        expected = template.format(
            param=code(verdict.param),
            metric=code(verdict.metric),
            expect=EXPECTATIONS[verdict.expect].of(lang),
            low=ends[0],
            high=ends[-1],
        )
        lines += [
            "",
            f"- **{VERDICTS[verdict.judgement].of(lang)}**{COLON.of(lang)}{inline(verdict.claim)} "
            f"({expected})",
            f"  - {inline(verdict.explanation.of(lang), 1000)}",
        ]
        if verdict.needed.of(lang):
            lines.append(f"  - {inline(verdict.needed.of(lang), 1000)}")
    return [f"## {HYPOTHESES.of(lang)}", *lines] if lines else []
