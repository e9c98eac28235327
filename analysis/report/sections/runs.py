"""One block a run, in the known form."""

from __future__ import annotations

from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import code
from ilsweep.analysis.report.parts import Lines
from ilsweep.analysis.report.run_block import stage_block
from ilsweep.analysis.report.words import MORE_RUNS
from ilsweep.analysis.text import Lang, Text

FOLD_FROM = 13
"""From so many runs on, their blocks are folded: a reader opens them."""

RUNS = Text("Runs", "各次实验")
RUNS_FOLDED = Text(
    "{n} runs: first, last and best of each metric", "{n} 次实验：每个指标的首、末、最优值"
)
FAILED_RUN = Text("Failed", "失败")


def runs(report: Report, lang: Lang) -> Lines:
    """One block a run, in the known form."""
    shown, trials = report.runs, report.analysis.sweep.trials
    if not shown:
        return []
    failed = {trial.id: trial.error for trial in trials if trial.state == "failed"}
    lines: Lines = []
    for run in shown:
        lines += [*stage_block(run, lang), *_failure(failed.get(run.id), lang), ""]
    lines.pop()
    if left := len(trials) - len(shown):
        lines += ["", MORE_RUNS.of(lang).format(n=left)]
    if len(shown) >= FOLD_FROM:
        title = RUNS_FOLDED.of(lang).format(n=len(shown))
        lines = ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>"]
    return lines if lang == "zh" and len(shown) < FOLD_FROM else [f"## {RUNS.of(lang)}", "", *lines]


def _failure(error: str | None, lang: Lang) -> Lines:
    if error is None:
        return []
    last = next((line for line in reversed(error.splitlines()) if line.strip()), "")
    return [f"- {FAILED_RUN.of(lang)}: {code(last)}" if last else f"- {FAILED_RUN.of(lang)}"]
