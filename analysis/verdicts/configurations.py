"""The words for which configuration leads, and whether it is better than another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from ilsweep.analysis.formatting import how_many, num
from ilsweep.analysis.text import NOTHING, Text

SEPARABLE = {
    "tied": Text("cannot be separated", "无法区分"),
    "worse": Text("significantly worse", "显著更差"),
    "": NOTHING,
}
"""Of a configuration against the first, as the answer has it of all together."""


def leads(
    setting: str, value: str, others: int, *, equal: int = 0, hardly_ever: bool = False,
    only: Literal["", "configuration", "value"] = "",
) -> Text:  # fmt: skip
    """The first of the ranking: alone, as one of a set, where next to nothing succeeds.

    Args:
        others: Configurations that cannot be separated from it, of which `equal` have its value.
        only: Whether it is the only configuration, or the only one with a value.
    """
    if hardly_ever:
        return Text(
            f"Next to nothing works yet; {setting} leads: {value}",
            f"几乎没有配置有效；目前领先的是 {setting}：{value}",
        )
    if only == "configuration":
        return Text(
            f"{setting} is the only configuration: {value}", f"只有一个配置 {setting}：{value}"
        )
    if only:
        return Text(
            f"{setting} is the only one with a value: {value}", f"只有 {setting} 有记录：{value}"
        )
    if equal:
        return Text(
            f"{setting} shares the best mean with {how_many(equal, 'other')}: {value}",
            f"{setting} 与另外 {equal} 个配置均值相同，并列最优：{value}",
        )
    if others:
        return Text(f"{setting} has the best mean: {value}", f"均值最优的配置为 {setting}：{value}")
    return Text(f"{setting} is best: {value}", f"最优配置为 {setting}：{value}")


def among(others: int, visible: float, cheapest: str) -> Text:
    """How many cannot be separated from the first, by which difference, and the cheapest of all."""
    seen_en = seen_zh = ""
    if math.isfinite(visible) and visible > 0:
        seen_en = (
            f" (these seeds would show {num(visible)} between it and the next in 80 % of cases)"
        )
        seen_zh = f"（与下一名相比，以现有种子，{num(visible)} 的差别有 80 % 的机会显现）"
    elif math.isinf(visible):
        seen_en = " (these seeds are too few to show any difference in 80 % of cases)"
        seen_zh = "（现有种子过少，任何差别都没有 80 % 的机会显现）"
    text = Text(
        f"{how_many(others, 'other')} cannot be separated from it{seen_en}.",
        f"另有 {others} 个配置与它无法区分{seen_zh}。",
    )
    if not cheapest:
        return text
    return text + Text(
        f"The cheapest of them to train is {cheapest}.", f"其中训练成本最低的是 {cheapest}。"
    )


def chosen(expected: float, among_how_many: int) -> Text:
    """What to expect of the value that won."""
    if not math.isfinite(expected):
        return NOTHING
    return Text(
        f"The best of {among_how_many} was also the luckiest: with fresh training seeds "
        f"{num(expected)} is to be expected.",
        f"{among_how_many} 个配置中的最优者运气也最好：换新的训练种子，预期为 {num(expected)}。",
    )


def beats(name: Text, probability: float) -> Text:
    """How likely the first of the ranking beats what was there before the search."""
    en = zh = f"{100 * probability:.0f} %"
    if probability > 0.99:
        en, zh = "more than 99 %", "99 % 以上"
    return Text(
        f"With fresh training seeds it is better than {name.en} with a probability of {en}.",
        f"换新的训练种子，它优于{name.zh}的概率为 {zh}。",
    )


def alone(p: float, *, some_left_out: bool) -> Text:
    """The best is significantly better than every other one that is compared."""
    only = Text(" that is healthy and trained to the end", "健康且训练到底的")
    of = only if some_left_out else NOTHING
    return Text(
        f"It is significantly better than every other{of.en} (p {p:.2g} against the next, "
        f"corrected for all pairs).",
        f"它显著优于其余每个{of.zh}配置（与下一名相比 p = {p:.2g}，已按所有两两比较校正）。",
    )


def compared(
    names: Sequence[Text],
    metric: str,
    by: str,
    difference: float,
    p: float | None,
    *,
    significant: bool,
) -> Text:
    """The first of two `names` against the second; `p` is None where no test was possible."""
    (first, second) = names
    word = Text("better", "好") if difference > 0 else Text("worse", "差")
    if not difference:
        return Text(
            f"{first.en} is no better and no worse than {second.en} in {metric}.",
            f"{first.zh}与{second.zh}在 {metric} 上完全相同。",
        )
    tested_en, tested_zh = ("", "") if p is None else (f" (p {p:.2g})", f"（p = {p:.2g}）")
    if significant:
        return Text(
            f"{first.en} is {word.en} than {second.en} by {by} in {metric}: more than the noise "
            f"between seeds{tested_en}.",
            f"{first.zh}比{second.zh}{word.zh} {by}（{metric}）：超出种子间的噪声{tested_zh}。",
        )
    return Text(
        f"{first.en} cannot be separated from {second.en}: it is {word.en} by {by} in {metric}, "
        f"which is within the noise between seeds{tested_en}.",
        f"{first.zh}与{second.zh}无法区分：{metric} {word.zh} {by}，在种子间噪声之内{tested_zh}。",
    )


def unbeaten(names: Sequence[str], others: int, error: str) -> Text:
    """What fresh episodes say of trained policies."""
    if len(names) == 1:
        return Text(
            f"{names[0]}'s trained policies succeed more often than those of the "
            f"{how_many(others, 'other')} that were tried (error rate {error} over all duels "
            f"and looks). This is about these policies: other training seeds may differ.",
            f"{names[0]} 的已训练策略比其余 {others} 个被测配置的策略成功率更高（所有比较与查看合计"
            f"错误率 {error}）。此结论只针对这些策略：换训练种子可能不同。",
        )
    joined = ", ".join(names)
    return Text(
        f"Not decided between the trained policies of {joined}: more episodes may decide.",
        f"{joined} 的已训练策略之间尚无定论：需要更多回合。",
    )
