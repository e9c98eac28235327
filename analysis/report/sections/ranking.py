"""The ranking of the configurations."""

from __future__ import annotations

from ilsweep.analysis.ranking.model import Ranking, Row
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import code, inline
from ilsweep.analysis.report.parts import Lines, pictures
from ilsweep.analysis.report.sections.neighbours import neighbours_table
from ilsweep.analysis.report.tables import configuration, estimate, successes, table
from ilsweep.analysis.report.words import CONFIGURATION, RANK, SEPARATOR
from ilsweep.analysis.text import Lang, Text

MAX_ROWS = 50

RANKING = Text("Ranking", "排名")
RANKED_BY = Text(
    "By `{metric}` ({direction} is better). ", "按 `{metric}` 排序（{direction}越好）。"
)
SMALLER = Text("smaller", "越小")
LARGER = Text("larger", "越大")
ABOUT_SEEDS = Text(
    "Values are over the configuration's seeds; square brackets are 95 % intervals over seeds. ",
    "数值为该配置各随机种子的汇总；方括号为跨种子的 95 % 区间。",
)
ABOUT_SUCCESSES = Text(
    "The intervals of successes are exact (Clopper-Pearson) and hold for the policies tested. ",
    "成功次数的区间为精确区间（Clopper-Pearson），只对被测的策略成立。",
)
ABOUT_HEALTH = Text(
    "A configuration with a critical finding in most of its seeds stands below healthy ones. ",
    "多数种子有严重问题的配置排在健康配置之后。",
)
SEEDS = Text("seeds", "种子数")
SUCCESSES = Text("successes", "成功次数")
TRAIN_LOSS = Text("train loss", "训练损失")
LOSS_RANK = Text("# by loss alone", "仅按损失的名次")
TIED = Text("not separated from", "无法区分于")
CRITICAL = Text("critical findings", "严重问题")
PARETO = Text("Pareto front", "帕累托前沿")
MORE_ROWS = Text("{n} more in `report.json`.", "其余 {n} 个配置见 `report.json`。")
STATES = {
    "pending": Text("pending", "未开始"),
    "running": Text("running", "运行中"),
    "completed": Text("completed", "完成"),
    "stopped": Text("stopped early", "提前停止"),
    "failed": Text("failed", "失败"),
}
NEIGHBOURS = Text("Which neighbours differ significantly", "相邻名次能否区分")


def ranking(report: Report, lang: Lang) -> Lines:
    """The table, what a reader must know of it, and which neighbours differ significantly."""
    found = report.analysis.ranking
    if not found.rows:
        return []
    by = (
        ""
        if found.no_order
        else RANKED_BY.of(lang).format(
            metric=found.metric,
            direction=SMALLER.of(lang) if found.mode == "min" else LARGER.of(lang),
        )
    )
    rows = ranking_table(report, lang)
    lines = [f"## {RANKING.of(lang)}", "", (by + _how_to_read(found, lang)).rstrip(), "", *rows]
    left = len(found.rows) - (len(rows) - 2)
    if left > 0:
        lines += ["", MORE_ROWS.of(lang).format(n=left)]
    if found.notes:
        lines += ["", *(f"- {inline(note.of(lang), 1000)}" for note in found.notes)]
    compared = any(pair.test != "none" or pair.shared for pair in found.comparisons)
    if compared and not found.no_order:
        lines += ["", f"**{NEIGHBOURS.of(lang)}**", "", *neighbours_table(report, lang)]
    lines += pictures(report, "ranking", lang)
    if front := front_table(report, lang):
        lines += ["", f"**{PARETO.of(lang)}**", "", *front, *pictures(report, "front", lang)]
    return lines


def _how_to_read(found: Ranking, lang: Lang) -> str:
    """What the brackets of this table mean, and why a row may stand below a worse value."""
    sentences = []
    if any(row.objective.interval for row in found.rows):
        sentences.append(ABOUT_SEEDS.of(lang))
    if any(row.successes for row in found.rows):
        sentences.append(ABOUT_SUCCESSES.of(lang))
    if not all(row.healthy for row in found.rows):
        sentences.append(ABOUT_HEALTH.of(lang))
    return "".join(sentences)


def ranking_table(report: Report, lang: Lang) -> list[str]:
    """Configurations, best first."""
    ranking = report.analysis.ranking
    places = {row.config_id: row.rank for row in ranking.rows}
    head = [
        RANK.of(lang),
        CONFIGURATION.of(lang),
        *(inline(objective.metric) for objective in ranking.objectives),
        SUCCESSES.of(lang),
        SEEDS.of(lang),
        TRAIN_LOSS.of(lang),
        LOSS_RANK.of(lang),
        TIED.of(lang),
        CRITICAL.of(lang),
        PARETO.of(lang),
    ]
    rows = [
        [
            "" if ranking.no_order else str(row.rank),
            configuration(row, report),
            *(estimate(row.objectives[o.metric]) for o in ranking.objectives),
            successes(row.successes),
            _seeds(row, lang),
            estimate(row.train_loss),
            "" if ranking.no_order or row.loss_rank is None else str(row.loss_rank),
            ""
            if ranking.no_order
            else SEPARATOR.of(lang).join(
                f"#{places[other]}" for other in row.tied_with if other in places
            ),
            SEPARATOR.of(lang).join(code(name) for name in row.critical),
            "✓" if row.pareto else "",
        ]
        for row in ranking.rows[:MAX_ROWS]
    ]
    return table(head, rows)


def front_table(report: Report, lang: Lang) -> list[str]:
    """The configurations of the Pareto front, by the first objective; empty for one objective."""
    ranking = report.analysis.ranking
    first = ranking.objectives[0]
    front = sorted(
        (row for row in ranking.rows if row.pareto),
        key=lambda row: first.sign * row.objective.value,
    )
    head = [RANK.of(lang), CONFIGURATION.of(lang), *(inline(o.metric) for o in ranking.objectives)]
    rows = [
        [
            str(row.rank),
            configuration(row, report),
            *(estimate(row.objectives[o.metric]) for o in ranking.objectives),
        ]
        for row in front[:MAX_ROWS]
    ]
    return table(head, rows) if rows else []


def _seeds(row: Row, lang: Lang) -> str:
    unfinished = [
        f"{count} {STATES[state].of(lang)}" for state, count in row.states.items() if count
    ]
    if list(row.states) == ["completed"]:
        return str(len(row.trial_ids))
    return f"{len(row.trial_ids)} ({SEPARATOR.of(lang).join(unfinished)})"
