"""What to change next, as one plan: what is broken first is mended first, one change a parameter.

A finding's layer (`analysis/findings/registry.py`) says what it is about. While a layer holds a
critical finding, nothing of a later one is advised: no weight of the transport while the policies
are blind, nothing but the pipeline while the controls fail, and nothing at all where next to every
episode succeeds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.findings.finding import Finding, Suggestion
from ilsweep.analysis.findings.registry import PLACE, urgency
from ilsweep.analysis.metrics.objectives import FLOOR
from ilsweep.analysis.planning.remedies import Change, Spec, changes
from ilsweep.analysis.planning.spec_yaml import flat
from ilsweep.analysis.ranking.model import Row
from ilsweep.analysis.text import Text

LEADING = 5
"""Configurations that are looked at, at most: the best and those that do not differ from it."""
AT_ONCE = frozenset({"ot_ready", "still_improving", "scale_mismatch"})
"""Findings whose change is made as it is. Other remedies are compared with the present value, but
where nothing works: one more value that never succeeds tells nothing."""


@dataclass(frozen=True)
class NextStep:
    """One change that findings suggest, with the trials that they were found in."""

    param: str
    op: str
    value: Any
    reason: Text
    source: str
    findings: tuple[str, ...]
    trials: tuple[str, ...]


@dataclass(frozen=True)
class Remedy:
    """A step of the plan, and the change of the spec that makes it."""

    step: NextStep
    change: Change | None
    """None where the runs were imported: there is no spec."""


def next_steps(analysis: Analysis) -> list[NextStep]:
    """The plan of a sweep as it stands."""
    return [remedy.step for remedy in plan(analysis, analysis.sweep.spec)]


def plan(analysis: Analysis, spec: Spec) -> list[Remedy]:
    """Of each finding that is due its first suggestion that the spec can take, in order.

    The first of a parameter counts: later findings that ask for it are told beside it where they
    ask for the same, and left out where they ask for another.
    """
    empty = {part: spec.get(part) or {} for part in ("space", "data")}
    spec = {**spec, **empty, "params": flat(spec.get("params"))}
    made: dict[str, Remedy] = {}
    for finding, row in due(analysis):
        for suggestion, change in _ways(analysis, finding, row, spec):
            known = made.get(suggestion.param)
            if known is None:
                made[suggestion.param] = Remedy(_step(suggestion, finding), change)
            elif (known.step.op, known.step.value) == (suggestion.op, suggestion.value):
                made[suggestion.param] = replace(known, step=_also(known.step, finding))
            break
    return list(made.values())


def due(analysis: Analysis) -> list[tuple[Finding, Row]]:
    """Findings about the leading configurations that are to be acted on, the most urgent first."""
    if nothing_to_gain(analysis):
        return []
    row_of = {i: row for row in leading(analysis) for i in row.trial_ids}
    found = [
        (finding, row_of[finding.trial])
        for finding in analysis.findings
        if finding.trial in row_of and (finding.severity != "info" or finding.id in AT_ONCE)
    ]
    broken = [
        PLACE[finding.id]
        for finding, row in found
        if finding.severity == "critical" and finding.id not in row.disputed
    ]
    if any(finding.id == "broken_pipeline" for finding in analysis.of_sweep):
        broken.append(0)
    last = min(broken, default=len(PLACE))
    asked = [(finding, row) for finding, row in found if PLACE[finding.id] <= last]
    counts = Counter(finding.id for finding, _ in asked)
    return sorted(asked, key=lambda pair: (urgency(pair[0]), -counts[pair[0].id]))


def nothing_to_gain(analysis: Analysis) -> bool:
    """Whether next to every episode of the best configuration succeeds."""
    best = analysis.ranking.best
    return bool(best and best.successes and best.successes.rate > 1 - FLOOR)


def leading(analysis: Analysis) -> list[Row]:
    """The best row and its ties; the first rows where there is no best one.

    All of imported runs, each of which somebody wants to mend.
    """
    rows = analysis.ranking.rows
    if not analysis.sweep.spec:
        return list(rows)
    if analysis.ranking.best is None:
        return list(rows[:LEADING])
    ties = analysis.ranking.tied_with_best
    return [rows[0], *[row for row in rows[1:LEADING] if row.config_id in ties]]


def _ways(
    analysis: Analysis, finding: Finding, row: Row, spec: Spec
) -> Iterator[tuple[Suggestion, Change | None]]:
    if "trainer" in spec:
        at_once = finding.id in AT_ONCE or analysis.ranking.nothing_works
        yield from changes(analysis, finding, row, spec, at_once=at_once)
    else:
        yield from ((suggestion, None) for suggestion in finding.suggestions)


def _step(s: Suggestion, finding: Finding) -> NextStep:
    return NextStep(s.param, s.op, s.value, s.reason, s.source, (finding.id,), (finding.trial,))


def _also(step: NextStep, finding: Finding) -> NextStep:
    return replace(
        step,
        findings=tuple(dict.fromkeys([*step.findings, finding.id])),
        trials=tuple(dict.fromkeys([*step.trials, finding.trial])),
    )
