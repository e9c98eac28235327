"""What `ilsweep confirm` found on fresh episodes, beside what chose each configuration."""

from __future__ import annotations

from ilsweep.analysis.formatting import number, pct
from ilsweep.analysis.ranking.confirmation import Confirmation, Confirmed, Match
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import inline
from ilsweep.analysis.report.tables import configurations, estimate, interval, successes, table
from ilsweep.analysis.report.words import CONFIGURATION, PAIR, RANK, SEPARATOR, SUCCESSES_FRESH
from ilsweep.analysis.text import Lang, Text

CONFIRMED = Text("Confirmed on fresh episodes", "全新回合的验证")
HOW_CONFIRMED = Text(
    "The best of many was also the luckiest, so the value that chose it is too good. These "
    "episodes chose nothing. Each draws its policy among the configuration's training seeds; "
    "the intervals (95 %) hold however often one looked. All duels and looks together have "
    "an error rate of {alpha}; a duel is decided at an e-value of {bound}. ",
    "众多配置中的最优者也是运气最好的，选中它的数值因此偏高。以下回合未参与任何选择。每个"
    "回合在该配置的训练种子中随机抽取一个策略；无论查看多少次，95 % 区间都成立。所有比较"
    "与查看合计的错误率为 {alpha}；e 值达到 {bound} 即判定胜负。",
)
CHOSEN_BY = Text("chosen by {metric}", "选中依据 {metric}")
SUCCESSES_THEN = Text("successes when chosen", "选中时的成功次数")
CHANGE = Text("change, points", "变化（百分点）")
BEATEN_BY = Text("beaten by", "负于")
WINS_ONLY = Text("solved by one alone", "仅一方成功")
BOTH = Text("both", "均成功")
NEITHER = Text("neither", "均失败")
EVIDENCE_FOR = Text("e-value", "e 值")
DECISION = Text("decision", "判定")
WINS = Text("#{n} wins", "#{n} 胜")
UNDECIDED = Text("open", "未定")


def confirmed(report: Report, lang: Lang) -> list[str]:
    """What `ilsweep confirm` found; nothing where it was not run."""
    found = report.analysis.confirmation
    if found is None:
        return []
    alpha = found.matches[0].duel.alpha if found.matches else found.alpha
    how = HOW_CONFIRMED.of(lang).format(alpha=pct(found.alpha), bound=number(1 / alpha))
    lines = [f"## {CONFIRMED.of(lang)}", "", how.rstrip(), "", *_rows(report, found, lang)]
    if found.matches:
        lines += ["", *_duels(found, lang)]
    return lines


def _rows(report: Report, found: Confirmation, lang: Lang) -> list[str]:
    rows = {row.config_id: row for row in report.analysis.ranking.rows}
    names = configurations([rows[row.config_id] for row in found.rows], report)
    places = {row.config_id: row.rank for row in found.rows}
    head = [
        RANK.of(lang),
        CONFIGURATION.of(lang),
        CHOSEN_BY.of(lang).format(metric=inline(report.analysis.ranking.metric)),
        SUCCESSES_THEN.of(lang),
        SUCCESSES_FRESH.of(lang),
        CHANGE.of(lang),
        BEATEN_BY.of(lang),
    ]
    cells = [
        [
            str(row.rank),
            name,
            estimate(row.value),
            successes(row.chosen),
            _fresh(row),
            "" if row.change is None else f"{100 * row.change:+.1f}",
            SEPARATOR.of(lang).join(f"#{places[other]}" for other in row.beaten_by),
        ]
        for row, name in zip(found.rows, names, strict=True)
    ]
    return table(head, cells)


def _fresh(row: Confirmed) -> str:
    return f"{row.k}/{row.n} = {number(100 * row.rate)} %{interval(row.interval, 100)}"


def _duels(found: Confirmation, lang: Lang) -> list[str]:
    places = {row.config_id: row.rank for row in found.rows}
    head = [
        PAIR.of(lang),
        WINS_ONLY.of(lang),
        BOTH.of(lang),
        NEITHER.of(lang),
        EVIDENCE_FOR.of(lang),
    ]
    rows = [_duel(match, places, lang) for match in found.matches]
    return table([*head, DECISION.of(lang)], rows)


def _duel(match: Match, places: dict[str, int], lang: Lang) -> list[str]:
    duel, first, second = match.duel, places[match.first], places[match.second]
    decided = {"first": WINS.of(lang).format(n=first), "second": WINS.of(lang).format(n=second)}
    return [
        f"#{first} / #{second}",
        f"{duel.wins} : {duel.losses}",
        str(duel.both),
        str(duel.neither),
        number(duel.evidence),
        decided.get(duel.decision, UNDECIDED.of(lang)),
    ]
