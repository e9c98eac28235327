"""The ranking of the configurations."""

from __future__ import annotations

from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.metrics.objectives import LOSSES
from ilsweep.analysis.ranking.model import Ranking, Row
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import code, inline
from ilsweep.analysis.report.labels import AGAINST_FIRST, HEALTH, health
from ilsweep.analysis.report.parts import Lines, pictures
from ilsweep.analysis.report.sections.neighbours import neighbours_table
from ilsweep.analysis.report.tables import configurations, estimate, successes, table
from ilsweep.analysis.report.words import CONFIGURATION, RANK, SEPARATOR
from ilsweep.analysis.text import Lang, Text
from ilsweep.analysis.verdicts.configurations import SEPARABLE

MAX_ROWS = 50

RANKING = Text("Ranking", "排名")
RANKED_BY = Text(
    "By `{metric}` ({direction} is better). ", "按 `{metric}` 排序（{direction}越好）。"
)
SMALLER = Text("smaller", "越小")
LARGER = Text("larger", "越大")
LEGEND = Text("How to read it:", "说明：")
ABOUT_SEEDS = Text(
    "the value is the mean over the configuration's seeds; square brackets are its 95 % interval "
    "over training seeds",
    "数值为各随机种子的均值；方括号为其跨训练种子的 95 % 区间",
)
ABOUT_EPISODES = Text(
    ", of a success rate no narrower than that of its episodes", "，成功率的区间不窄于其回合的区间"
)
ABOUT_SUCCESSES = Text(
    "successes are counted over all episodes of all seeds; their interval is exact "
    "(Clopper-Pearson) and holds for the policies tested",
    "成功次数为全部种子全部回合之和；其区间为精确区间（Clopper-Pearson），只对被测的策略成立",
)
ABOUT_LOSS = Text(
    "rank by train loss: where the configuration would stand if only its training loss counted",
    "按训练损失的名次：若只看训练损失，该配置的名次",
)
ABOUT_FIRST = Text(
    "against #1: whether it is significantly worse than the first, with these seeds; empty where "
    "it is not compared with it, for its health, its length of training or its number of seeds",
    "与第 1 名相比：以现有种子，是否显著更差；因健康状况、训练长度或种子数而未与其比较的为空",
)
ABOUT_HEALTH = Text(
    "health: unhealthy where most of its seeds have a critical finding or failed; it stands below "
    "the others then; a finding is shown with the seeds that have it, such as 1/2",
    "健康：多数种子有严重问题或失败即为不健康，排在其余之后；问题后的数字为出现它的种子数，如 1/2",
)
ABOUT_NOT_PROBED = Text(
    "not probed: nothing is known of how the policies come to their actions",
    "未探测：对策略如何得出动作一无所知",
)
SEEDS = Text("seeds", "种子数")
SUCCESSES = Text("successes", "成功次数")
TRAIN_LOSS = Text("train loss", "训练损失")
LOSS_RANK = Text("rank by train loss", "按训练损失的名次")
HEALTH_HEAD = Text("health", "健康")
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
    lines = [f"## {RANKING.of(lang)}", "", by.rstrip(), "", *rows]
    left = len(found.rows) - (len(rows) - 2)
    if left > 0:
        lines += ["", MORE_ROWS.of(lang).format(n=left)]
    lines += _legend(found, lang)
    if found.notes:
        lines += ["", *(f"- {inline(note.of(lang), 1000)}" for note in found.notes)]
    compared = any(pair.test != "none" or pair.shared for pair in found.comparisons)
    if compared and not found.no_order:
        lines += ["", f"**{NEIGHBOURS.of(lang)}**", "", *neighbours_table(report, lang)]
    lines += pictures(report, "ranking", lang)
    if front := front_table(report, lang):
        lines += ["", f"**{PARETO.of(lang)}**", "", *front, *pictures(report, "front", lang)]
    return lines


def _legend(found: Ranking, lang: Lang) -> Lines:
    """What the columns of this table mean, in plain words."""
    rows = found.rows
    of_episodes = found.metric == SUCCESS and any(row.successes for row in rows)
    about_seeds = Text(
        ABOUT_SEEDS.en + of_episodes * ABOUT_EPISODES.en,
        ABOUT_SEEDS.zh + of_episodes * ABOUT_EPISODES.zh,
    )
    shown = [
        (about_seeds, any(row.objective.interval for row in rows)),
        (ABOUT_SUCCESSES, any(row.successes for row in rows)),
        (ABOUT_LOSS, found.metric not in LOSSES and any(row.loss_rank for row in rows)),
        (ABOUT_FIRST, any(row.against_first for row in rows) and not found.no_order),
        (ABOUT_HEALTH, any(row.findings or not row.healthy for row in rows)),
        (ABOUT_NOT_PROBED, any(health(row) == HEALTH["not probed"] for row in rows)),
    ]
    lines = [f"- {about.of(lang)}" for about, is_shown in shown if is_shown]
    return ["", LEGEND.of(lang), "", *lines] if lines else []


def ranking_table(report: Report, lang: Lang) -> list[str]:
    """Configurations, best first."""
    ranking = report.analysis.ranking
    shown = ranking.rows[:MAX_ROWS]
    apart = ranking.metric not in LOSSES  # else the training loss stands there already
    head = [
        RANK.of(lang),
        CONFIGURATION.of(lang),
        *(inline(objective.metric) for objective in ranking.objectives),
        SUCCESSES.of(lang),
        SEEDS.of(lang),
        TRAIN_LOSS.of(lang),
        LOSS_RANK.of(lang),
        AGAINST_FIRST.of(lang),
        HEALTH_HEAD.of(lang),
        CRITICAL.of(lang),
        PARETO.of(lang),
    ]
    rows = [
        [
            "" if ranking.no_order else str(row.rank),
            name,
            *(estimate(row.objectives[o.metric]) for o in ranking.objectives),
            successes(row.successes),
            _seeds(row, lang),
            estimate(row.train_loss) if apart else "",
            str(row.loss_rank) if apart and row.loss_rank and not ranking.no_order else "",
            "" if ranking.no_order else SEPARABLE[row.against_first].of(lang),
            health(row).of(lang),
            SEPARATOR.of(lang).join(map(code, row.findings)),
            "✓" if row.pareto else "",
        ]
        for row, name in zip(shown, configurations(shown, report), strict=True)
    ]
    return table(head, rows)


def front_table(report: Report, lang: Lang) -> list[str]:
    """The configurations of the Pareto front, by the first objective; empty for one objective."""
    ranking = report.analysis.ranking
    first = ranking.objectives[0]
    front = sorted(
        (row for row in ranking.rows if row.pareto),
        key=lambda row: first.sign * row.objective.value,
    )[:MAX_ROWS]
    head = [RANK.of(lang), CONFIGURATION.of(lang), *(inline(o.metric) for o in ranking.objectives)]
    rows = [
        [
            str(row.rank),
            name,
            *(estimate(row.objectives[o.metric]) for o in ranking.objectives),
        ]
        for row, name in zip(front, configurations(front, report), strict=True)
    ]
    return table(head, rows) if rows else []


def _seeds(row: Row, lang: Lang) -> str:
    unfinished = [
        f"{count} {STATES[state].of(lang)}" for state, count in row.states.items() if count
    ]
    if list(row.states) == ["completed"]:
        return row.seeds
    return f"{len(row.trial_ids)} ({SEPARATOR.of(lang).join(unfinished)})"
