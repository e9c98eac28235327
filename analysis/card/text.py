"""A card in markdown, in both languages."""

from __future__ import annotations

import math

from ilsweep.analysis.card.evidence import SMALL, Card, Lesioned, Verdict
from ilsweep.analysis.formatting import num, pct
from ilsweep.analysis.report.escape import inline
from ilsweep.analysis.report.sections.controls import LESIONS
from ilsweep.analysis.report.tables import table
from ilsweep.analysis.stats.intervals_and_tests import Interval
from ilsweep.analysis.text import Lang, Text

TITLE = Text("What {name} owes to its eyes", "{name} 对视觉的依赖")
VERDICTS: dict[Verdict, Text] = {
    "sees": Text(
        "It looks: with another episode's images it loses {share} of its success {interval}.",
        "它看图像：换成其他回合的图像后失去 {share} 的成功率 {interval}。",
    ),
    "blind": Text(
        "It is blind: with another episode's images it loses {share} of its success {interval}, "
        "less than " + pct(SMALL) + ".",
        "它没有看图像：换成其他回合的图像后只失去 {share} 的成功率 {interval}，低于 "
        + pct(SMALL)
        + "。",
    ),
    "undecided": Text(
        "Undecided after {n} episodes: with another episode's images it loses {share} of its "
        "success {interval}. More episodes decide it: --episodes.",
        "{n} 个回合后仍无定论：换成其他回合的图像后失去 {share} 的成功率 {interval}。"
        "用 --episodes 增加回合。",
    ),
    "never succeeds": Text(
        "It succeeded in none of {n} episodes: it has nothing to lose, and nothing is concluded.",
        "{n} 个回合均未成功：没有可失去的，不作结论。",
    ),
}
BY_ACTIONS: dict[Verdict, Text] = {
    "sees": Text(
        "With another episode's images its actions change by {change} of their standard deviation "
        "({limit} or more): it looks.",
        "换成其他回合的图像后，动作改变其标准差的 {change} 倍（不低于 {limit}）：它看图像。",
    ),
    "blind": Text(
        "With another episode's images its actions change by {change} of their standard deviation "
        "(under {limit}): it is blind.",
        "换成其他回合的图像后，动作只改变其标准差的 {change} 倍（低于 {limit}）：它没有看图像。",
    ),
    "undecided": Text(
        "Its actions are not finite: nothing is concluded.",
        "其动作不是有限数值：不作结论。",
    ),
}
WEAKER = Text(
    "This is about actions on frames of the data, not about success, which is the weaker evidence. "
    "An action may change and the robot do the same.",
    "以上只涉及数据帧上的动作而非成功率，证据较弱。动作可能改变而机器人行为不变。",
)
NO_ENVIRONMENT = Text("There is no environment.", "没有仿真环境。")
NO_SUCCESS = Text(
    "It succeeded in none of {n} episodes: by success, nothing is concluded.",
    "{n} 个回合均未成功：无法由成功率得出结论。",
)
HEAD = (
    Text("what it sees", "所见"),
    Text("episodes that succeed", "成功回合"),
    Text("lost : gained", "失去 : 新增"),
    Text("significant (5 %, any time)", "显著（5 %，随时有效）"),
    Text("share of success explained", "解释的成功份额"),
)
YES, NO = Text("yes", "是"), Text("no", "否")
ONLY = Text("camera {name} alone", "仅相机 {name}")
ACTIONS: dict[str, Text] = {
    "probe/shuffled_action_change": LESIONS["other_episode_images"],
    "probe/black_action_change": LESIONS["black_images"],
    "probe/mean_action_change": LESIONS["mean_images"],
    "probe/joints_action_change": LESIONS["masked_state"],
    "probe/instruction_action_change": LESIONS["other_instruction"],
}
CHANGE = Text("actions change by (standard deviations)", "动作变化（标准差）")


def card_text(card: Card, lang: Lang) -> str:
    """The card as a markdown document."""
    title = TITLE.of(lang).format(name=inline(card.checkpoint, 200))
    body = _episodes(card, lang) if card.actions is None else _actions(card, lang)
    return "\n".join([f"# {title}", "", *body, ""])


def verdict_text(card: Card) -> Text:
    """What is concluded, in one sentence."""
    if card.actions is not None:
        change = num(card.actions["probe/shuffled_action_change"])
        found = BY_ACTIONS[card.verdict]
        values = {"change": change, "limit": num(card.limit)}
        return Text(found.en.format(**values), found.zh.format(**values))
    said = VERDICTS[card.verdict]
    known: dict[str, object] = {"n": card.n}
    if card.k:
        judge = card.lesions[0]
        known |= {"share": _share(judge.explained), "interval": _bounds(judge)}
    return Text(said.en.format(**known), said.zh.format(**known))


def label(variant: str) -> Text:
    """What a variant is called."""
    if variant in LESIONS:
        return LESIONS[variant]
    name = variant.removeprefix("only_")
    return Text(ONLY.en.format(name=name), ONLY.zh.format(name=name))


def _episodes(card: Card, lang: Lang) -> list[str]:
    rows = [[label("none").of(lang), _rate(card.k, card.n, card.interval), "", "", ""]]
    rows += [_row(lesion, lang) for lesion in card.lesions]
    head = [text.of(lang) for text in HEAD]
    return [f"**{verdict_text(card).of(lang)}**", "", *table(head, rows)]


def _row(lesion: Lesioned, lang: Lang) -> list[str]:
    known = math.isfinite(lesion.explained)
    return [
        inline(label(lesion.name).of(lang)),
        _rate(lesion.k, lesion.n, lesion.interval),
        f"{lesion.duel.wins} : {lesion.duel.losses}",
        (YES if lesion.differs else NO).of(lang),
        f"{_share(lesion.explained)} {_bounds(lesion)}" if known else "",
    ]


def _actions(card: Card, lang: Lang) -> list[str]:
    assert card.actions is not None
    rows = [[text.of(lang), num(card.actions[name])]
            for name, text in ACTIONS.items() if name in card.actions]  # fmt: skip
    why = NO_SUCCESS if card.n else NO_ENVIRONMENT
    about = f"{why.of(lang).format(n=card.n)} {WEAKER.of(lang)}"
    said = [f"**{verdict_text(card).of(lang)}**", "", about, ""]
    return [*said, *table([HEAD[0].of(lang), CHANGE.of(lang)], rows)]


def _rate(k: int, n: int, interval: Interval) -> str:
    low, high = (num(100 * end) for end in (interval.low, interval.high))
    return f"{k}/{n} = {num(100 * k / n)} % [{low}, {high}]" if n else ""


def _share(share: float) -> str:
    return pct(share) if math.isfinite(share) else "?"


def _bounds(lesion: Lesioned) -> str:
    bounds = lesion.explained_interval
    return f"[{num(100 * bounds.low)}, {num(100 * bounds.high)}]"
