"""The words for what may be concluded: verdicts on claims, and which configuration is better.

Nothing else in the code words either (`tests/analysis/inference/test_verdicts.py`), so that no
report says more than the tests behind it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from ilsweep.analysis.formatting import num
from ilsweep.analysis.text import Text

Judgement = Literal["supported", "refuted", "absent", "undecided", "not testable"]

WORDS: dict[Judgement, Text] = {
    "supported": Text("Supported", "支持"),
    "refuted": Text("Refuted", "否定"),
    "absent": Text("Absent", "无效应"),
    "undecided": Text("Undecided", "未定"),
    "not testable": Text("Not testable", "无法检验"),
}
"""`absent`: smaller than the smallest effect of interest, by an equivalence test, in a sweep that
could have shown one. `not testable`: a floor, a ceiling, or a control that failed."""

SEPARATED = Text("significant", "显著")
NOT_SEPARATED = Text("not separated", "无法区分")


def leads(setting: str, value: str, others: int) -> Text:
    """The first of the ranking: alone, or as one of a set."""
    if others:
        return Text(f"{setting} has the best mean: {value}", f"均值最优的配置为 {setting}：{value}")
    return Text(f"{setting} is best: {value}", f"最优配置为 {setting}：{value}")


def among(others: int, visible: float, cheapest: str) -> Text:
    """How many cannot be separated from the first, by which difference, and the cheapest of all."""
    seen_en = seen_zh = ""
    if math.isfinite(visible):
        seen_en = f" (these seeds would show a difference of {num(visible)} in 80 % of cases)"
        seen_zh = f"（以现有种子，{num(visible)} 的差别有 80 % 的机会显现）"
    text = Text(
        f"{others} other{'s' if others > 1 else ''} cannot be separated from it{seen_en}.",
        f"另有 {others} 个配置与它无法区分{seen_zh}。",
    )
    if not cheapest:
        return text
    return text + Text(
        f"The cheapest of them to train is {cheapest}.", f"其中训练成本最低的是 {cheapest}。"
    )


def alone(p: float) -> Text:
    return Text(
        f"It is significantly better than every other (p {p:.2g} against the next, corrected for "
        f"all pairs).",
        f"它显著优于其余每个配置（与下一名相比 p = {p:.2g}，已按所有两两比较校正）。",
    )


def compared(
    names: Sequence[Text], metric: str, by: str, difference: float, p: float | None
) -> Text:
    """The first of two `names` against the second; `p` is None where no test was possible."""
    (first, second) = names
    word = Text("better", "好") if difference > 0 else Text("worse", "差")
    if not difference:
        return Text(
            f"{first.en} is no better and no worse than {second.en} in {metric}.",
            f"{first.zh}与{second.zh}在 {metric} 上完全相同。",
        )
    if p is not None and p < 0.05:
        return Text(
            f"{first.en} is {word.en} than {second.en} by {by} in {metric}: more than the noise "
            f"between seeds (p {p:.2g}).",
            f"{first.zh}比{second.zh}{word.zh} {by}（{metric}）：超出种子间的噪声（p = {p:.2g}）。",
        )
    tested_en, tested_zh = ("", "") if p is None else (f" (p {p:.2g})", f"（p = {p:.2g}）")
    return Text(
        f"{first.en} cannot be separated from {second.en}: it is {word.en} by {by} in {metric}, "
        f"which is within the noise between seeds{tested_en}.",
        f"{first.zh}与{second.zh}无法区分：{metric} {word.zh} {by}，在种子间噪声之内{tested_zh}。",
    )


def unbeaten(names: Sequence[str], others: int, error: str) -> Text:
    """What fresh episodes say of trained policies."""
    if len(names) == 1:
        return Text(
            f"{names[0]}'s trained policies succeed more often than those of the {others} "
            f"other{'s' if others > 1 else ''} that were tried (error rate {error} over all duels "
            f"and looks). This is about these policies: other training seeds may differ.",
            f"{names[0]} 的已训练策略比其余 {others} 个被测配置的策略成功率更高（所有比较与查看合计"
            f"错误率 {error}）。此结论只针对这些策略：换训练种子可能不同。",
        )
    joined = ", ".join(names)
    return Text(
        f"Not decided between the trained policies of {joined}: more episodes may decide.",
        f"{joined} 的已训练策略之间尚无定论：需要更多回合。",
    )
