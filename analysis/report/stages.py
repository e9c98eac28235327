"""The part of the first stage's report about its chain: every stage in one table."""

from __future__ import annotations

from collections.abc import Sequence

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.formatting import number
from ilsweep.analysis.pipeline_summary import Stage, Stages
from ilsweep.analysis.records.files import write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.report.document import put_part
from ilsweep.analysis.report.escape import inline, link_text, path
from ilsweep.analysis.report.json_form import json_text
from ilsweep.analysis.report.render import append_update, existing, replace_document
from ilsweep.analysis.report.tables import estimate, successes, table
from ilsweep.analysis.summary_text import setting
from ilsweep.analysis.text import NOTHING, Lang, Text

PART = "stages"
FORMAT = "ilsweep-stages/1"
TITLE = Text("Stages", "各阶段")
HEAD = (
    Text("stage", "阶段"),
    Text("trials", "试验数"),
    Text("hours of training", "训练小时数"),
    Text("best configuration", "最优配置"),
    NOTHING,
    Text("successes", "成功次数"),
)
NONE = Text("none", "无")


def append_stage(
    first: SweepPaths, analysis: Analysis, chain: Stages, langs: Sequence[Lang]
) -> None:
    """Append a later stage's runs to the first one's report, and say how the chain stands.

    `stages.json` beside it holds every number of that: `analysis.pipeline_summary.Stages`, field
    by field. Called again for the same stage it replaces what it appended.

    Raises:
        OSError: the report cannot be written.
    """
    ended = max((trial.ended for trial in analysis.sweep.trials), default="")
    for lang in langs:
        report = first.report(lang)
        document = put_part(existing(report), PART, ["", *stage_lines(chain, lang), ""])
        replace_document(report, document)
        if analysis.sweep.paths.root != first.root:
            append_update(report, analysis, lang=lang, time=ended, note=analysis.answer.of(lang))
    write_atomic(first.stages, json_text({"format": FORMAT, **vars(chain)}))


def stage_lines(chain: Stages, lang: Lang) -> list[str]:
    """The table of the stages, whether the last is better than the first, and why it ended."""
    head = [text.of(lang) for text in HEAD]
    head[4] = inline(chain.metric)
    rows = [_row(stage, lang, here=i == 0) for i, stage in enumerate(chain.stages)]
    lines = [
        f"## {TITLE.of(lang)}",
        "",
        *table(head, rows),
        "",
        inline(chain.verdict.of(lang), 2000),
    ]
    if chain.ended is not None:
        lines += ["", inline(chain.ended.of(lang), 1000)]
    return lines


def _row(stage: Stage, lang: Lang, *, here: bool) -> list[str]:
    link = f"report.{lang}.md" if here else f"../{path(stage.name)}/report.{lang}.md"
    best = stage.best
    return [
        f"[{link_text(stage.name)}]({link})",
        str(stage.trials),
        number(stage.seconds / 3600),
        inline(setting(best)) if best else NONE.of(lang),
        estimate(best.objective) if best else "",
        successes(best.successes) if best else "",
    ]
