"""Rules about how far a training came, and whether its error tells of its behaviour."""

from __future__ import annotations

import numpy as np

from ilsweep.analysis.findings.finding import Finding, Suggestion
from ilsweep.analysis.findings.helpers import change, make_finding, param, read, success_since
from ilsweep.analysis.findings.rule import rule
from ilsweep.analysis.findings.thresholds import ACT_NOTE, RDT_NOTE, REFLOW_NOTE, Limits
from ilsweep.analysis.formatting import num, pct
from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.metrics.changepoints import median, median_of_three, trend, values_of
from ilsweep.analysis.metrics.objectives import ERRORS, HELD_OUT, LOSSES, first_logged, successes
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.intervals_and_tests import clopper_pearson
from ilsweep.analysis.text import Text

ABSOLUTE = ("train/l1_loss", "l1")
"""Errors that are no squares: of a fall to a tenth of the square a third of them is left."""


@rule(unless_it_works=True)
def train_test_gap(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The test error is a multiple of the training error on the same quantity."""
    seen = read(trial, "probe/train_error", "probe/test_error")
    if len(seen) < 2:
        seen = read(trial, "train/l1_loss", "eval/offline_eval/avg_l1")
    if len(seen) < 2:
        return None
    train, test = seen.values()
    if train <= 0 or test / train <= limits["ratio"]:
        return None
    seen["ratio"] = test / train
    explanation = Text(
        f"The error is {num(train)} in training and {num(test)} under test conditions, "
        f"{num(test / train)} times as much.",
        f"训练误差为 {num(train)}，测试条件下为 {num(test)}，是前者的 {num(test / train)} 倍。",
    ) + Text(
        "Either the model remembers its data, or training and test differ in what they compute "
        "(transforms, padding, noise).",
        "要么模型记住了训练数据，要么训练与测试的计算不一致（变换、填充、噪声）。",
    )
    return make_finding(
        trial,
        "warning",
        seen,
        explanation,
        _more_demonstrations(),
        *_same_target(trial),
    )


def _more_demonstrations() -> Suggestion:
    return change(
        "data.episodes",
        "multiply",
        4,
        "More demonstrations: four times as many halve an error that falls as one over the root of "
        "their number.",
        "增加演示数据：若误差按演示数的平方根倒数下降，四倍数据使其减半。",
        ACT_NOTE,
    )


def _same_target(trial: TrialRecord) -> list[Suggestion]:
    if "target" not in trial.params:
        return []
    return [
        change(
            "target",
            "set",
            "teacher",
            "Train on the target that the test uses: the teacher's own output.",
            "训练目标与测试一致：使用教师的原始输出。",
            REFLOW_NOTE,
        )
    ]


@rule
def loss_behaviour_contradiction(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The training error fell far, and the robot fails."""
    counts = successes(trial)
    # An error that was measured once, after the training, does not tell how far it fell.
    names = (n for n in (*ERRORS, *LOSSES) if len(values_of(trial, n)) > 1)
    name = next(names, None)
    if counts is None or name is None:
        return None
    values = values_of(trial, name)
    first, last = float(values[0]), median(values[-5:])
    if first <= 0 or last < 0:
        return None
    left, upper = last / first, clopper_pearson(*counts).high
    fell, squared = 1 - left, 1 - left * (left if name in ABSOLUTE else 1)
    low_loss = squared >= limits["fall"]
    if not low_loss or upper >= limits["success"]:
        return None
    k, n = counts
    evidence: dict[str, float | str] = {
        "metric": name,
        "first": first,
        "last": last,
        "squared_fall": squared,
        "successes": k,
        "episodes": n,
        "success_upper": upper,
    }
    explanation = Text(
        f"{name} fell by {pct(fell)} to {num(last)}, and {k} of {n} episodes succeed (under "
        f"{pct(upper)} with 95 % confidence): the loss does not measure what the robot needs.",
        f"{name} 下降 {pct(fell)} 到 {num(last)}，但 {n} 个回合只成功 {k} 个（95 % 置信上限 "
        f"{pct(upper)}）：损失没有衡量机器人所需要的。",
    )
    suggestions = []
    if "position_scale" in trial.params and not param(trial, "position_scale") > 1:
        suggestions.append(
            change(
                "position_scale",
                "multiply",
                10,
                "Positions in metres may be nearly invisible to the loss. The field report takes "
                "centimetres (100); on gym-aloha 10 brings the groups together, and 100 doubled "
                "the error: scale until the groups match.",
                "以米为单位的位置对损失可能几乎不可见。笔记改用厘米（100）；但在 gym-aloha 上 10 "
                "就能使各组相当，100 反而使误差加倍：缩放到各组相当为止。",
                RDT_NOTE,
            )
        )
    return make_finding(trial, "critical", evidence, explanation, *suggestions)


@rule(unless_it_works=True)
def overfitting(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The held-out error has passed its best and rises, while the training error falls on."""
    name = first_logged(trial, HELD_OUT)
    passed = _passed_its_best(trial.curve(name), 1 + limits["rise"]) if name else None
    if name is None or passed is None or not _training_falls(trial, passed[0]):
        return None
    step, best, last = passed
    rise = last / best - 1
    evidence: dict[str, float | str] = {
        "metric": name,
        "best": best,
        "best_step": step,
        "last": last,
        "rise": rise,
    }
    logged = first_logged(trial, (*ERRORS, *LOSSES)) is not None
    while_en, while_zh = (
        (", while the training error fell", "，而训练误差仍在下降") if logged else ("", "")
    )
    explanation = Text(
        f"{name} was best at step {step} ({num(best)}) and has risen by {pct(rise)} since"
        f"{while_en}.",
        f"{name} 在第 {step} 步最优（{num(best)}），此后上升 {pct(rise)}{while_zh}。",
    )
    if (success := success_since(trial, step)) is not None:
        then, now = success
        explanation += Text(
            f"But success rose from {num(then)} % there to {num(now)} % at the end: that held-out "
            "error does not tell what the robot does, and stopping there would have lost it.",
            f"但成功率从该处的 {num(then)} % 升到结束时的 {num(now)} %："
            "该留出误差并不说明机器人的表现，在该处停止反而有损失。",
        )
        return make_finding(trial, "info", evidence, explanation)
    return make_finding(
        trial,
        "warning",
        evidence,
        explanation,
        _more_demonstrations(),
        *([] if trial.last(SUCCESS) > 0 else [_stop_at(step)]),
    )


def _passed_its_best(curve: Curve, grown: float) -> tuple[int, float, float] | None:
    """Step and value of the best of an error that has `grown` since, and its last value.

    None where it has not, and where the best lies in the last fifth of the curve.
    """
    keep = np.isfinite(curve.values)
    values, steps = curve.values[keep], curve.steps[keep]
    if len(values) < 5:
        return None
    last = median(values[-3:])
    if last <= grown * float(values.min()):
        return None
    values = median_of_three(values)
    at = int(np.argmin(values))
    best = float(values[at])
    if at >= 0.8 * (len(values) - 1) or best <= 0 or last <= grown * best:
        return None
    return int(steps[at]), best, last


def _stop_at(step: int) -> Suggestion:
    return change(
        "steps",
        "set",
        step,
        "Or stop where the held-out error was best; success may go on rising, so check it.",
        "或在留出误差最优处停止；成功率可能仍会上升，需验证。",
        "Mandlekar et al. 2021 (robomimic), arXiv 2108.03298",
    )


def _training_falls(trial: TrialRecord, since: int) -> bool:
    name = first_logged(trial, (*ERRORS, *LOSSES))
    if name is None:
        return True
    curve = trial.curve(name)
    late = curve.values[(curve.steps >= since) & np.isfinite(curve.values)]
    return len(late) < 2 or trend(late).change < 0
