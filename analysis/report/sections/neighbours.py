"""Which neighbours of the ranking differ significantly."""

from __future__ import annotations

import math

from ilsweep.analysis.formatting import number
from ilsweep.analysis.ranking.comparisons import Comparison
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.tables import interval, table
from ilsweep.analysis.report.words import PAIR
from ilsweep.analysis.text import Lang, Text

MAX_PAIRS = 12
"""A longer table is not read; the rest is in `report.json`."""

DIFFERENCE = Text("difference", "差")
P_VALUE = Text("p (all pairs)", "p（全部两两比较）")
TEST = Text("test", "检验")
VERDICT = Text("verdict", "判断")
SEPARATED = Text("significant", "显著")
NOT_SEPARATED = Text("not separated", "无法区分")
NONE_VISIBLE = Text("none", "无")
VISIBLE = Text("difference visible in 80 % of such tables", "80 % 机会可显现的差别")
SAME_EPISODES = Text("same episodes (McNemar)", "相同评估局（McNemar）")
SAME_EPISODES_CELL = Text(
    "{wins} : {losses} of {pairs}, p={p}", "{wins} : {losses}（共 {pairs}），p={p}"
)


def neighbours_table(report: Report, lang: Lang) -> list[str]:
    """Each pair of neighbours, the difference between them, and whether that is one."""
    places = {row.config_id: row.rank for row in report.analysis.ranking.rows}
    head = [
        PAIR.of(lang),
        DIFFERENCE.of(lang),
        TEST.of(lang),
        P_VALUE.of(lang),
        SAME_EPISODES.of(lang),
        VERDICT.of(lang),
        VISIBLE.of(lang),
    ]
    rows = [
        [
            f"#{places[pair.above]} / #{places[pair.below]}",
            number(pair.difference) + interval(pair.interval),
            "" if pair.test == "none" else f"{pair.test} (n={pair.n})",
            "" if pair.test == "none" else number(pair.p),
            _same_episodes(pair, lang),
            (SEPARATED if pair.significant else NOT_SEPARATED).of(lang),
            _visible(pair.visible, lang),
        ]
        for pair in report.analysis.ranking.comparisons[:MAX_PAIRS]
        if pair.above in places and pair.below in places
    ]
    return table(head, rows)


def _visible(difference: float, lang: Lang) -> str:
    if math.isinf(difference):
        return NONE_VISIBLE.of(lang)
    return number(difference) if math.isfinite(difference) else ""


def _same_episodes(pair: Comparison, lang: Lang) -> str:
    if (shared := pair.shared) is None:
        return ""
    return SAME_EPISODES_CELL.of(lang).format(
        wins=shared.wins, losses=shared.losses, pairs=shared.pairs, p=number(shared.p)
    )
