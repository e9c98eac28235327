"""The words for what may be concluded: verdicts on claims, and which configuration is better.

Nothing else in the code words either (`tests/analysis/test_verdicts.py`), so that no
report says more than the tests behind it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ilsweep.analysis.formatting import how_many, num
from ilsweep.analysis.stats.intervals_and_tests import Interval
from ilsweep.analysis.text import Text

Expectation = Literal["increase", "decrease", "no_effect"]
Judgement = Literal["supported", "refuted", "absent", "undecided", "not testable"]
Reason = Literal[
    "trend", "inside", "shape", "equivalent", "identical", "noise", "within", "no noise",
    "no levels", "floor",
]  # fmt: skip
"""Why: a trend; an inner value beyond both ends; a dependence without direction; an equivalence
test; the same values at all levels; noise; within the smallest effect of interest in a sweep that
has not shown it could see one; one seed; nothing to compare; a floor, a ceiling or a control."""

WORDS: dict[Judgement, Text] = {
    "supported": Text("Supported", "支持"),
    "refuted": Text("Refuted", "否定"),
    "absent": Text("Absent", "无效应"),
    "undecided": Text("Undecided", "未定"),
    "not testable": Text("Not testable", "无法检验"),
}
"""`absent`: smaller than the smallest effect of interest, by an equivalence test, in a sweep that
could have shown one. `not testable`: a floor, a ceiling, or a control that failed."""


NOTHING = Text("", "")


@dataclass(frozen=True)
class Verdict:
    """One hypothesis, judged."""

    claim: str
    param: str
    metric: str
    expect: Expectation
    judgement: Judgement
    reason: Reason
    effect: float
    """Change of the metric from the smallest to the largest value of the parameter, along the
    fitted line, in the metric's unit; NaN where nothing can be computed."""
    effect_name: Literal["slope", "Sen", "none"]
    """Over the levels with the seed as unit, or over configurations (Sen 1968)."""
    interval: Interval | None
    """Of the effect, 95 %."""
    p: float
    """Two-sided, after Holm's correction over the spec's hypotheses and after what earlier stages
    spent: to be compared with 0.05."""
    smallest_effect: float | None
    """Of interest, set before the data; None where neither spec nor catalogue has one."""
    visible: float
    """The effect that would be significant in 80 % of such sweeps; infinite where none can be so
    large."""
    seeds_needed: int | None
    """Seeds in all that would decide in four of five cases, whether there is nothing or the
    smallest effect of interest; None where it is decided or cannot be said."""
    trials: int
    seeds: int
    """Different training seeds among those trials."""
    settings: int
    """Of the other parameters, at which all levels were tried; 0 in a random search."""
    looks: int
    """Stages in which this claim has been looked at, this one included."""
    levels: tuple[tuple[str, float, int], ...]
    """(value of the parameter, mean of the metric, trials), in the parameter's order."""
    numbers: bool
    """Whether the parameter's values are numbers; else they are taken in the order of `levels`."""
    inside: str
    """The inner value that lies furthest beyond both ends, if any."""
    shown_by: str = ""
    """What shows that the sweep can see an effect: "controls", or another parameter."""
    detail: Text = field(default=NOTHING)
    explanation: Text = field(default=NOTHING)
    needed: Text = field(default=NOTHING)
    """What it would take to decide; empty where it is decided."""


def worded(verdict: Verdict) -> Verdict:
    """The verdict with its sentences."""
    word = WORDS[verdict.judgement]
    why = _why(verdict)
    text = Text(f"{word.en}: {why.en}.", f"{word.zh}：{why.zh}。") + _numbers(verdict)
    return replace(verdict, explanation=text, needed=_needed(verdict))


def _why(v: Verdict) -> Text:
    known = {
        "trend": Text(
            f"{v.metric} {'rises' if v.effect > 0 else 'falls'} with {v.param}",
            f"{v.metric} 随 {v.param} {'上升' if v.effect > 0 else '下降'}",
        ),
        "inside": Text(
            f"{v.metric} depends on {v.param}, and lies beyond both ends inside, at {v.inside}",
            f"{v.metric} 依赖于 {v.param}，极值在内部 {v.inside} 处",
        ),
        "shape": Text(
            f"{v.metric} depends on {v.param}, in no single direction",
            f"{v.metric} 依赖于 {v.param}，但没有单一方向",
        ),
        "identical": Text(
            f"{v.metric} is the same at all values of {v.param}, whatever else differs; it cannot "
            f"depend on it, by construction",
            f"无论其他条件如何，{v.metric} 在 {v.param} 的所有取值下都相同：按构造就不可能依赖于它",
        ),
        "noise": Text("what is seen is within the noise between seeds", "所见变化在种子间噪声之内"),
        "no noise": Text(
            "the noise between trainings is not known (one seed, or too few configurations)",
            "训练间的噪声未知（只有一个种子，或配置太少）",
        ),
        "no levels": Text(
            f"no trials that differ in {v.param} and have {v.metric}",
            f"没有在 {v.param} 上不同且记录了 {v.metric} 的试验",
        ),
        "floor": v.detail,
    }
    return known.get(v.reason) or _small(v)


def _small(v: Verdict) -> Text:
    size = num(v.smallest_effect or math.nan)
    text = Text(
        f"any two values of {v.param} differ by less than {size}, the smallest effect of interest",
        f"{v.param} 任意两个取值之间的差别都小于 {size}（最小关注效应）",
    )
    if v.reason == "within":
        return Text(
            f"{text.en}, but nothing shows that this sweep could have moved {v.metric}",
            f"{text.zh}，但没有证据表明本次扫描能使 {v.metric} 变化",
        )
    if v.shown_by == "controls":
        return Text(f"{text.en}; the controls passed", f"{text.zh}；对照已通过")
    return Text(
        f"{text.en}; {v.shown_by} does move {v.metric} in this sweep",
        f"{text.zh}；而 {v.shown_by} 在本次扫描中确实改变 {v.metric}",
    )


def _numbers(v: Verdict) -> Text:
    if math.isnan(v.effect) or v.reason in ("identical", "floor"):
        return NOTHING
    bounds = f" [{num(v.interval.low)}, {num(v.interval.high)}]" if v.interval else ""
    levels = ", ".join(f"{value}: {num(middle)}" for value, middle, _ in v.levels)
    tried_en = (
        f", for the {v.settings} settings of the others that were tried" if v.settings > 1 else ""
    )
    tried_zh = f"，仅限所试的其他参数的 {v.settings} 组取值" if v.settings > 1 else ""
    look_en = f" at look {v.looks}" if v.looks > 1 else ""
    look_zh = f"（第 {v.looks} 次查看）" if v.looks > 1 else ""
    return Text(
        f"From the smallest to the largest value it changes by {v.effect:+.3g}{bounds}, "
        f"p {v.p:.2g}{look_en}; {how_many(v.trials, 'trial')}, {how_many(v.seeds, 'seed')}"
        f"{tried_en}; means by value: {levels}.",
        f"从最小值到最大值变化 {v.effect:+.3g}{bounds}，p = {v.p:.2g}{look_zh}；"
        f"{v.trials} 个试验、{v.seeds} 个种子{tried_zh}；各取值的均值：{levels}。",
    )


def _needed(v: Verdict) -> Text:
    if v.judgement != "undecided":
        return NOTHING
    if v.reason == "no levels":
        return Text(
            f"Vary {v.param} over at least two values, and log {v.metric}.",
            f"让 {v.param} 至少取两个值，并记录 {v.metric}。",
        )
    if v.reason == "no noise":
        return Text("Two seeds or more.", "至少两个种子。")
    text = _sees(v.visible)
    if v.reason == "within":
        return text + Text(
            "Run the controls, or vary a parameter that is known to matter.",
            "请运行对照，或加入一个已知有影响的参数。",
        )
    if v.seeds_needed is None:
        return text
    size = num(v.smallest_effect or math.nan)
    return text + Text(
        f"About {v.seeds_needed} seeds in all would decide in four of five cases whether there "
        f"is an effect of {size} or none.",
        f"共约 {v.seeds_needed} 个种子，五次中约四次能判定效应是达到 {size} 还是不存在。",
    )


def _sees(visible: float) -> Text:
    if math.isinf(visible):
        return Text(
            "Such a sweep is too small to see any effect in 80 % of cases.",
            "这样的扫描过小：任何效应都没有 80 % 的机会被发现。",
        )
    return Text(
        f"Such a sweep sees an effect of {num(visible)} in 80 % of cases.",
        f"这样的扫描有 80 % 的机会发现大小为 {num(visible)} 的效应。",
    )


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
            f"{first.zh}比{second.zh}{word.zh} {by}（{metric}）：超出种子间的噪声（p = {p:.2g}）。",
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
