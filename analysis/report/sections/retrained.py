"""What fresh training seeds say of the best (`ilsweep confirm --train-seeds`)."""

from __future__ import annotations

from ilsweep.analysis.formatting import number
from ilsweep.analysis.ranking.retraining import Retrained
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import inline
from ilsweep.analysis.report.tables import configurations, estimate, successes, table
from ilsweep.analysis.report.words import CONFIGURATION, RANK, SUCCESSES_FRESH
from ilsweep.analysis.text import Lang, Text

TITLE = Text("Trained again with fresh seeds", "用全新训练种子重新训练")
HOW = Text(
    "These trainings were begun after the choice and know nothing of it: their mean is the value "
    "to announce, and their standard deviation is what training once more will meet.",
    "以下训练在选定之后才开始，与选择无关：其均值即应公布的数值，其标准差即再训练一次会遇到的波动。",
)
CHOSEN_BY = Text("{metric} when chosen", "选中时的 {metric}")
FRESH = Text("{metric}, fresh training seeds", "{metric}（全新训练种子）")
SD = Text("standard deviation between them", "种子间标准差")
SEEDS = Text("fresh seeds", "新种子数")
FAILED = Text("{n}, {failed} more failed", "{n}，另有 {failed} 个失败")


def retrained(report: Report, lang: Lang) -> list[str]:
    """The fresh trainings beside what chose each configuration; nothing where there are none."""
    found = report.analysis.retraining
    if found is None:
        return []
    rows = {row.config_id: row for row in report.analysis.ranking.rows}
    names = configurations([rows[row.config_id] for row in found.rows], report)
    metric = inline(found.objective.metric)
    head = [
        RANK.of(lang), CONFIGURATION.of(lang), CHOSEN_BY.of(lang).format(metric=metric),
        FRESH.of(lang).format(metric=metric), SD.of(lang), SEEDS.of(lang), SUCCESSES_FRESH.of(lang),
    ]  # fmt: skip
    cells = [
        [
            str(row.rank),
            name,
            estimate(row.value),
            estimate(row.fresh),
            number(row.deviation) if row.fresh.n > 1 else "",
            _seeds(row, lang),
            successes(row.successes),
        ]
        for row, name in zip(found.rows, names, strict=True)
    ]
    return [f"## {TITLE.of(lang)}", "", HOW.of(lang), "", *table(head, cells)]


def _seeds(row: Retrained, lang: Lang) -> str:
    if not row.failed:
        return str(row.fresh.n)
    return FAILED.of(lang).format(n=row.fresh.n, failed=row.failed)
