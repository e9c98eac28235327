"""A run's block in the three known forms, to the character (`field-notes/act-ot-stage-report.md`).

Stage, Chinese     `## R1  (https://...)`, each metric with its change Δ
Update, Chinese    `### R1_latest  [act](https://...)`, 配置, 结果
Any, English       `### act (8wdzd9cy)`, Link, Config, Metrics
"""

from __future__ import annotations

from ilsweep.analysis.formatting import number, percentage
from ilsweep.analysis.metrics.summary import Summary
from ilsweep.analysis.report.escape import inline, link_text, path, url
from ilsweep.analysis.report.runs import Line, Run
from ilsweep.analysis.text import Lang

LATEST = "_latest"


def target(run: Run) -> str:
    """The run's page where it has one, its folder else."""
    return url(run.url) or path(run.folder)


def stage_block_zh(run: Run) -> list[str]:
    """A run's block in the first report, with the change of each metric."""
    return [
        f"## {inline(run.name or run.id)}  ({target(run)})",
        *(f"- {_line_zh(line)}, {_change(line.summary)}" for line in run.metrics),
    ]


def update_block_zh(run: Run, known: bool) -> list[str]:
    """A run's block in an update; a run that was reported before is called its latest."""
    name = run.name or run.id
    suffix = LATEST if known and not name.endswith(LATEST) else ""
    return [
        f"### {inline(name + suffix)}  [{link_text(run.policy or name)}]({target(run)})",
        *_config(run, "- 配置："),
        "- 结果：",
        *(f"  - {_line_zh(line)}" for line in run.metrics),
    ]


def block_en(run: Run) -> list[str]:
    """A run's block in English, in the first report and in an update."""
    return [
        f"### {inline(run.name or run.policy or 'run')} ({inline(run.id)})",
        f"- Link: {target(run)}",
        *_config(run, "- Config:"),
        "- Metrics:",
        *(f"  - {_line_en(line)}" for line in run.metrics),
    ]


def stage_block(run: Run, lang: Lang) -> list[str]:
    """The block of one run in a stage report, line by line."""
    return stage_block_zh(run) if lang == "zh" else block_en(run)


def update_block(run: Run, lang: Lang, known: bool) -> list[str]:
    """The block of one run in an update; `known` where an earlier report has the run."""
    return update_block_zh(run, known) if lang == "zh" else block_en(run)


def _config(run: Run, heading: str) -> list[str]:
    lines = [
        "  - " + ", ".join(f"{inline(name)}={inline(value)}" for name, value in line)
        for line in run.config
    ]
    return [heading, *lines] if lines else []


def _line_zh(line: Line) -> str:
    summary = line.summary
    return (
        f"{inline(line.label.zh)}: 首={number(summary.first)}, 末={number(summary.last)}, "
        f"最优={number(summary.best)}@{summary.best_step}"
    )


def _line_en(line: Line) -> str:
    summary = line.summary
    return (
        f"{inline(line.label.en)}: first={number(summary.first)}, last={number(summary.last)}, "
        f"best={number(summary.best)}@{summary.best_step}"
    )


def _change(summary: Summary) -> str:
    return f"Δ={number(summary.delta)} ({percentage(summary.percent)})"
