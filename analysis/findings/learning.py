"""Rules about whether anything was learnt.

A loss that never fell, one of an impossible size, a rate that had ended.
"""

from __future__ import annotations

import numpy as np

from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.findings.helpers import change, make_finding
from ilsweep.analysis.findings.rates import usual_again
from ilsweep.analysis.findings.rule import rule
from ilsweep.analysis.findings.thresholds import Limits
from ilsweep.analysis.formatting import num, pct, show
from ilsweep.analysis.metrics.changepoints import median, trend, values_of
from ilsweep.analysis.metrics.objectives import ERRORS, LOSSES, first_logged, successes
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.intervals_and_tests import clopper_pearson
from ilsweep.analysis.text import Text

FLAT = 0.1
"""A loss whose last third lies within this share of its beginning has not fallen."""

LUCK = 0.1
"""Share of the episodes that a policy that learnt nothing may solve: in dial-turn-v3 2 of 20."""

NORMALISED = ("bc/normalized_mse", "bc/test_normalized_mse")
"""Squared errors over the actions' variance, the training's first: the mean action has 1."""

DECAY_STEPS = ("policy.scheduler_decay_steps", "scheduler_decay_steps", "lr_decay_steps",
               "decay_steps")  # fmt: skip
"""What configurations call the length of a schedule."""


@rule
def not_learning(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The training loss never fell, or the policy is no better than the mean action."""
    name = first_logged(trial, LOSSES)
    if name is None or _succeeds(trial):
        return None
    curve, values = trial.curve(name), values_of(trial, name)
    if len(values) < limits["reports"] or curve.steps[0] > 0.1 * curve.steps[-1]:
        return None
    if useless := _no_better_than_the_mean(trial, limits["normalised_error"]):
        return useless
    first = max(float(values[0]), median(values[:3]))
    last = median(values[-(len(values) // 3) :])
    line = trend(values)
    falls = line.change < 0 and line.p < limits["trend.p"]
    if falls or first - last >= FLAT * abs(first) or last == 0:
        return None
    evidence: dict[str, float | str] = {
        "metric": name,
        "first": first,
        "last_third": last,
        "p": line.p,
    }
    explanation = Text(
        f"{name} never fell: it began at {num(first)}, its last third lies at {num(last)} (p of a "
        f"trend: {num(line.p)}). Nothing was learnt: does the optimiser get the parameters, is the "
        "rate zero or far too small, do inputs and targets belong together?",
        f"{name} 从未下降：开始为 {num(first)}，最后三分之一为 {num(last)}"
        f"（趋势检验 p={num(line.p)}）。"
        "什么都没有学到：优化器是否拿到了参数，学习率是否为零或过小，输入与目标是否对应？",
    )
    return make_finding(trial, "critical", evidence, explanation, *usual_again(trial))


def _no_better_than_the_mean(trial: TrialRecord, limit: float) -> Finding | None:
    """At the end of a training: on the way there a policy may yet be worse."""
    name = first_logged(trial, NORMALISED)
    if name is None or trial.state != "completed":
        return None
    values = values_of(trial, name)
    last = median(values[-max(1, len(values) // 3) :])
    if not last > limit:
        return None
    explanation = Text(
        f"{name} lies at {num(last)} in the last third: the mean of the demonstrated actions, "
        "whatever is seen, would give 1. The policy is no better than that, however far the loss "
        "fell: is the rate too large, or the training far too short?",
        f"{name} 最后三分之一为 {num(last)}：无论看到什么都输出示范动作的均值，该误差也只有 1。"
        "无论损失下降多少，策略都不比均值动作好：学习率是否过大，或训练过短？",
    )
    evidence: dict[str, float | str] = {"metric": name, "last_third": last}
    return make_finding(trial, "critical", evidence, explanation, *usual_again(trial))


@rule
def loss_scale(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The loss, from its beginning to its end, is far beyond what normalised actions can give."""
    reported = (name for name in (*ERRORS, *LOSSES) if len(values_of(trial, name)) >= 3)
    name = next(reported, None)  # an error measured once, at the end, is not the training's
    if name is None or name.startswith("bc/"):
        return None
    values = values_of(trial, name)
    last = median(values[-max(1, len(values) // 3) :])
    if not min(values[0], last) > limits["loss"]:
        return None  # one that began at its size has grown: it diverged
    evidence: dict[str, float | str] = {"metric": name, "last_third": last}
    explanation = Text(
        f"{name} lies at {num(last)} in the last third; the error of normalised actions is about 1 "
        "before anything is learnt. The statistics do not fit the data: an action that is nearly "
        "constant divides by a standard deviation of nearly 0, or they are of another data set.",
        f"{name} 最后三分之一为 {num(last)}；归一化动作的误差在学习之前约为 1。统计量与数据不符："
        "几乎恒定的动作维度会除以近似 0 的标准差，或统计量来自另一个数据集。",
    )
    return make_finding(trial, "critical", evidence, explanation)


@rule
def schedule_ended(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The learning rate reached its floor long before the end."""
    ended = end_of_schedule(trial, limits["schedule_ended.share"], limits["schedule_ended.fall"])
    if ended is None:
        return None
    step, last, floor, peak = ended
    evidence = {"since": step, "steps": last, "lr": floor, "largest_lr": peak}
    explanation = Text(
        f"The learning rate reached its floor ({num(floor)}, from {num(peak)}) at step {step} of "
        f"{last}: for {pct(1 - step / last)} of the training hardly anything could move. The "
        "schedule is one for another length.",
        f"学习率在第 {step} 步（共 {last} 步）降到下限（{num(floor)}，最高 {num(peak)}）："
        f"此后 {pct(1 - step / last)} 的训练几乎不再变化。调度器的长度与训练不符。",
    )
    if param := next((name for name in DECAY_STEPS if name in trial.params), ""):
        value = show(trial.params[param])
        explanation += Text(
            f"{param} is {value}: set it to {last}, as long as the training.",
            f"{param} 为 {value}：应设为 {last}，与训练等长。",
        )
    return make_finding(
        trial,
        "warning",
        evidence,
        explanation,
        change(
            "steps",
            "set",
            step,
            "Or a training no longer than its schedule.",
            "或让训练不长于其调度。",
            "Godbole et al. 2023, deep learning tuning playbook",
        ),
    )


def end_of_schedule(
    trial: TrialRecord, share: float, fall: float
) -> tuple[int, int, float, float] | None:
    """Where a rate that fell by the factor `fall` stayed for the rest; None where none did.

    (step of the floor, last step, floor, largest rate) where it is there from before `share` of the
    training.
    """
    curve = trial.curve("train/lr")
    finite = np.isfinite(curve.values)
    values, steps = curve.values[finite], curve.steps[finite]
    if len(values) < 10 or steps[-1] <= 0:
        return None
    floor, peak = float(values[-1]), float(values.max())
    above = np.flatnonzero(np.abs(values - floor) > 0.01 * abs(floor) + 1e-12)
    if not len(above) or peak < fall * max(floor, 1e-12):
        return None
    at = int(above[-1]) + 1
    if at >= len(steps) or steps[at] > share * steps[-1]:
        return None
    return int(steps[at]), int(steps[-1]), floor, peak


def _succeeds(trial: TrialRecord) -> bool:
    counted = successes(trial)
    return counted is not None and clopper_pearson(*counted).low > LUCK
