"""A claim, judged, and the words for it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from ilsweep.analysis.formatting import how_many, num
from ilsweep.analysis.stats.intervals_and_tests import Interval
from ilsweep.analysis.text import NOTHING, Text

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


ROUNDING = 1e-9
"""A change of this share of the values is none."""


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
    bound: float
    """With a confidence of 95 %, no two values differ by more (one-sided, the equivalence test's);
    NaN where nothing is tested."""
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
    failed: tuple[tuple[str, int], ...] = ()
    """(value of the parameter, trials with it that failed): nothing of them is in the effect."""
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
            "the noise between trainings is not known (fewer than two seeds that all values have, "
            "or too few configurations)",
            "训练间的噪声未知（各取值共有的种子不足两个，或配置太少）",
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
        f"any two values of {v.param} differ by less than {size}, the smallest effect of interest "
        f"(by {num(v.bound)} at most, with a one-sided confidence of 95 %)",
        f"{v.param} 任意两个取值之间的差别都小于 {size}（最小关注效应；"
        f"单侧 95 % 置信上界为 {num(v.bound)}）",
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
    largest = max((abs(middle) for _, middle, _ in v.levels), default=0.0)
    effect = v.effect if abs(v.effect) > ROUNDING * largest else 0.0
    levels = ", ".join(f"{value}: {num(middle)}" for value, middle, _ in v.levels)
    tried_en = (
        f", for the {v.settings} settings of the others that were tried" if v.settings > 1 else ""
    )
    tried_zh = f"，仅限所试的其他参数的 {v.settings} 组取值" if v.settings > 1 else ""
    look_en = f" at look {v.looks}" if v.looks > 1 else ""
    look_zh = f"（第 {v.looks} 次查看）" if v.looks > 1 else ""
    return Text(
        f"From the smallest to the largest value it changes by {effect:+.3g}{bounds}, "
        f"p {v.p:.2g}{look_en}; {how_many(v.trials, 'trial')}, {how_many(v.seeds, 'seed')}"
        f"{tried_en}; means by value: {levels}.{_failed(v).en}",
        f"从最小值到最大值变化 {effect:+.3g}{bounds}，p = {v.p:.2g}{look_zh}；"
        f"{v.trials} 个试验、{v.seeds} 个种子{tried_zh}；各取值的均值：{levels}。{_failed(v).zh}",
    )


def _failed(v: Verdict) -> Text:
    if not v.failed:
        return NOTHING
    count = sum(trials for _, trials in v.failed)
    where_en = ", ".join(f"{trials} at {value}" for value, trials in v.failed)
    where_zh = "、".join(f"取值 {value} 有 {trials} 个" for value, trials in v.failed)
    return Text(
        f" {how_many(count, 'trial')} failed and {'is' if count == 1 else 'are'} left out: "
        f"{where_en}.",
        f"另有 {count} 个试验失败，未计入：{where_zh}。",
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
        return Text(
            "Two seeds or more, the same for all values.", "至少两个种子，且各取值所用种子相同。"
        )
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
