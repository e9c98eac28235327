"""The parts of a report, each a function of the values and one language's words.

A part that has nothing to say is empty. Every text from outside goes through `escape`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any

from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.formatting import number, show
from ilsweep.analysis.planning.proposals import OWN, OWN_ZH
from ilsweep.analysis.plots.plot import Section
from ilsweep.analysis.ranking.model import Ranking
from ilsweep.analysis.report.confirmed import confirmed
from ilsweep.analysis.report.data import Report, provenance
from ilsweep.analysis.report.escape import code, inline, link_text
from ilsweep.analysis.report.labels import SEVERITY
from ilsweep.analysis.report.run_block import stage_block
from ilsweep.analysis.report.tables import (
    front_table,
    interval,
    neighbours_table,
    ranking_table,
    table,
)
from ilsweep.analysis.report.translations import WORDS, Words
from ilsweep.analysis.text import Lang

Lines = list[str]

FOLD_FROM = 13
"""From so many runs on, their blocks are folded: a reader opens them."""

MAX_EXAMPLES = 5
MAX_NAMES = 4


def answer(report: Report, lang: Lang) -> Lines:
    """The question and its answer, and what the records lack."""
    words, analysis = WORDS[lang], report.analysis
    lines = []
    if report.question:
        lines += [f"**{words.question}**{words.colon}{inline(report.question, 1000)}", ""]
    lines += [f"**{words.answer}**{words.colon}{inline(analysis.answer.of(lang), 4000)}"]
    if analysis.notes:
        lines += ["", f"**{words.missing}**{words.colon}", ""]
        lines += [f"- {inline(note.of(lang), 1000)}" for note in analysis.notes]
    return lines


def ranking(report: Report, lang: Lang) -> Lines:
    """The table, what a reader must know of it, and which neighbours can be told apart."""
    words, found = WORDS[lang], report.analysis.ranking
    if not found.rows:
        return []
    by = words.ranked_by.format(
        metric=found.metric, direction=words.smaller if found.mode == "min" else words.larger
    )
    rows = ranking_table(report, words)
    lines = [f"## {words.ranking}", "", (by + _how_to_read(found, words)).rstrip(), "", *rows]
    left = len(found.rows) - (len(rows) - 2)
    if left > 0:
        lines += ["", words.more_rows.format(n=left)]
    if found.notes:
        lines += ["", *(f"- {inline(note.of(lang), 1000)}" for note in found.notes)]
    if any(pair.test != "none" or pair.shared for pair in found.comparisons):
        lines += ["", f"**{words.neighbours}**", "", *neighbours_table(report, words)]
    lines += pictures(report, "ranking", lang)
    if front := front_table(report, words):
        lines += ["", f"**{words.pareto}**", "", *front, *pictures(report, "front", lang)]
    return lines


def _how_to_read(found: Ranking, words: Words) -> str:
    """What the brackets of this table mean, and why a row may stand below a worse value."""
    told = []
    if any(row.objective.interval for row in found.rows):
        told.append(words.of_seeds)
    if any(row.successes for row in found.rows):
        told.append(words.of_successes)
    if not all(row.healthy for row in found.rows):
        told.append(words.of_health)
    return "".join(told)


def pictures(report: Report, section: Section, lang: Lang) -> Lines:
    """The pictures of one section; the caption is also what a reader without pictures gets."""
    lines: Lines = []
    for plot in report.plots:
        if plot.section == section:
            lines += ["", f"![{link_text(plot.caption.of(lang))}](plots/{plot.file})"]
    return lines


def curves(report: Report, lang: Lang) -> Lines:
    """Learning curves."""
    lines = pictures(report, "curves", lang)
    return [f"## {WORDS[lang].curves}", *lines] if lines else []


def runs(report: Report, lang: Lang) -> Lines:
    """One block a run, in the known form."""
    words = WORDS[lang]
    shown, trials = report.runs, report.analysis.sweep.trials
    if not shown:
        return []
    failed = {trial.id: trial.error for trial in trials if trial.state == "failed"}
    lines: Lines = []
    for run in shown:
        lines += [*stage_block(run, lang), *_failure(failed.get(run.id), words), ""]
    lines.pop()
    if left := len(trials) - len(shown):
        lines += ["", words.more_runs.format(n=left)]
    if len(shown) >= FOLD_FROM:
        title = words.runs_folded.format(n=len(shown))
        lines = ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>"]
    return lines if lang == "zh" and len(shown) < FOLD_FROM else [f"## {words.runs}", "", *lines]


def _failure(error: str | None, words: Words) -> Lines:
    if error is None:
        return []
    last = next((line for line in reversed(error.splitlines()) if line.strip()), "")
    return [f"- {words.failed_run}: {code(last)}" if last else f"- {words.failed_run}"]


def findings(report: Report, lang: Lang) -> Lines:
    """One entry for each finding, with the evidence of every run that has it."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in report.analysis.findings:
        groups.setdefault((finding.id, finding.severity), []).append(finding)
    lines: Lines = []
    for group in groups.values():
        lines += ["", *_finding(group, report, lang)]
    return [f"## {WORDS[lang].findings}", *lines] if lines else []


def _finding(group: Sequence[Finding], report: Report, lang: Lang) -> Lines:
    words, first = WORDS[lang], group[0]
    title = f"### {SEVERITY[first.severity].of(lang)}{words.colon}{code(first.id)}"
    evidence = _evidence(group, report, words)
    if not first.trial:
        told = dict.fromkeys(inline(finding.explanation.of(lang), 2000) for finding in group)
        return [title, "", *(f"- {line}" for line in told), *evidence]
    counted = words.in_runs.format(
        n=len(group),
        total=len(report.analysis.sweep.trials),
        names=names([report.called(f.trial) for f in group], words),
    )
    about = inline(report.called(first.trial))
    explanation = inline(first.explanation.of(lang), 2000)
    return [title, "", counted, "", f"{about}{words.colon}{explanation}", *evidence]


def _evidence(group: Sequence[Finding], report: Report, words: Words) -> Lines:
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
    lines = ["", *table([words.run, *(inline(name) for name in evidence)], rows)]
    if len(group) > len(shown):
        lines += ["", words.more_findings.format(n=len(group) - len(shown))]
    return lines if evidence else []


def _value(value: Any) -> str:
    """A number or a word of evidence, fit for a cell."""
    if value is None:
        return ""
    return number(value) if isinstance(value, float) else inline(value)


def names(items: Sequence[str], words: Words) -> str:
    """A list of names that stays short."""
    shown = words.sep.join(inline(item, 80) for item in items[:MAX_NAMES])
    return shown if len(items) <= MAX_NAMES else f"{shown} … +{len(items) - MAX_NAMES}"


def why_ot(report: Report, lang: Lang) -> Lines:
    """Where the movement of the transport loss came from, run by run."""
    words, movement = WORDS[lang], report.analysis.ot_movement
    lines = [
        f"- {inline(report.called(run.id))}{words.colon}{inline(found.text.of(lang), 1000)}"
        for run in [run for run in report.runs if run.id in movement][:MAX_EXAMPLES]
        if (found := movement.get(run.id)) is not None
    ]
    if len(movement) > MAX_EXAMPLES:
        lines += ["", words.more_runs.format(n=len(movement) - MAX_EXAMPLES)]
    return [f"## {words.why_ot}", "", *lines] if lines else []


def hypotheses(report: Report, lang: Lang) -> Lines:
    """Each claim of the spec with its verdict and the numbers behind it."""
    words = WORDS[lang]
    lines: Lines = []
    for verdict in report.analysis.hypotheses:
        template = words.expected if verdict.numbers else words.expected_levels
        ends = [code(level[0], 80) for level in verdict.levels] or [""]
        expected = template.format(
            param=code(verdict.param),
            metric=code(verdict.metric),
            expect=words.expectations[verdict.expect],
            low=ends[0],
            high=ends[-1],
        )
        lines += [
            "",
            f"- **{words.judgements[verdict.judgement]}**{words.colon}{inline(verdict.claim)} "
            f"({expected})",
            f"  - {inline(verdict.explanation.of(lang), 1000)}",
        ]
        if verdict.needed.of(lang):
            lines.append(f"  - {inline(verdict.needed.of(lang), 1000)}")
    return [f"## {words.hypotheses}", *lines] if lines else []


def importance(report: Report, lang: Lang) -> Lines:
    """Which parameter matters, and where the space was too small."""
    words, found = WORDS[lang], report.analysis.importance
    lines: Lines = []
    if found is not None:
        head = [words.parameter, words.share.format(metric=inline(found.metric))]
        rows = [
            [code(p.param), f"{number(100 * p.share)} %" + interval(p.interval, 100)]
            for p in found.params
        ]
        lines += ["", *table(head, rows)] if rows else []
        lines += ["", inline(found.note.of(lang), 600)] if found.note.of(lang) else []
    lines += pictures(report, "importance", lang)
    return [f"## {words.importance}", *lines] if lines else []


def next_steps(report: Report, lang: Lang) -> Lines:
    """What the findings suggest to change, each change once."""
    words = WORDS[lang]
    lines = []
    for step in report.steps:
        change = words.ops[step.op].format(value=show(step.value))
        of = (
            words.for_runs.format(runs=names([report.called(name) for name in step.trials], words))
            if step.trials
            else ""
        )
        lines.append(
            f"- {code(step.param)} {inline(change)}{words.colon}{inline(step.reason.of(lang), 600)}"
            f" ({words.because}{words.colon}{words.sep.join(map(code, step.findings))}"
            f"{'; ' + of if of else ''}; {words.source}{words.colon}"
            f"{inline(_source(step.source, lang))})"
        )
    lines += _next_stage(report, lang, apart=bool(lines))
    return [f"## {words.next_steps}", "", *lines] if lines else []


def _setting(path: str, value: Any) -> str:
    """One side of a change: a value, the claims of hypotheses, nothing."""
    if value is None:
        return ""
    if path == "hypotheses" and isinstance(value, list):
        claims = [str(item.get("claim")) for item in value if isinstance(item, dict)]
        return inline("; ".join(claims), 600)
    return code(_flat(value), 100)


def _source(source: str, lang: Lang) -> str:
    """Where a suggestion comes from; titles stay in their own language."""
    return source.replace(OWN, OWN_ZH) if lang == "zh" else source


def _next_stage(report: Report, lang: Lang, *, apart: bool) -> Lines:
    """What the next stage's spec changes, and why."""
    words = WORDS[lang]
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
    head = [words.where, words.before, words.after, words.reason, words.source]
    note = report.changes_note
    more = ["", inline(note.of(lang), 600)] if note else []
    return [*([""] if apart else []), f"{words.next_stage}", "", *table(head, rows), *more]


def reproduce(report: Report, lang: Lang) -> Lines:
    """Commit, versions, seeds, data, host and the commands that were run."""
    words = WORDS[lang]
    facts = provenance(report.analysis)
    lines = []
    for session in facts.pop("sessions", None) or ():
        if isinstance(session, dict):
            lines.append(_session(session, words))
    for name, value in facts.items():
        label = words.facts.get(name, name)
        lines.append(f"- {label}{words.colon}{code(_flat(value), 600)}")
    return [f"## {words.provenance}", "", *lines] if lines else []


def _session(session: dict[str, Any], words: Words) -> str:
    command = session.get("command")
    parts = [str(part) for part in command] if isinstance(command, list) else [str(command)]
    typed = shlex.join(PurePath(part).name if part.startswith("/") else part for part in parts)
    times = [
        f"{words.facts[name]}{words.colon}{inline(moment(session[name]))}"
        for name in ("started", "ended")
        if session.get(name)
    ]
    return f"- {words.facts['command']}{words.colon}{code(typed)} ({', '.join(times)})"


def moment(time: object) -> str:
    """`2025-12-24T07:47:12+00:00` as the known reports write times: `2025-12-24 07:47`."""
    return str(time)[:16].replace("T", " ")


def _flat(value: Any) -> str:
    """A value of the manifest on one line: `numpy 2.4, ray 2.60`."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_flat(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(_flat(item) for item in value)
    return str(value)


SECTIONS: tuple[Callable[[Report, Lang], Lines], ...] = (
    answer,
    ranking,
    confirmed,
    runs,
    curves,
    findings,
    why_ot,
    hypotheses,
    importance,
    next_steps,
    reproduce,
)
