"""Rules about the course of the optimisation (`field-notes/bc-loss-jump.md`)."""

from __future__ import annotations

import math

import numpy as np

from ilsweep.analysis.findings.finding import Finding, Suggestion
from ilsweep.analysis.findings.helpers import change, make_finding, param, read
from ilsweep.analysis.findings.rates import usual_again, usual_rate
from ilsweep.analysis.findings.rule import rule
from ilsweep.analysis.findings.thresholds import BC_NOTE, Limits
from ilsweep.analysis.formatting import num, pct
from ilsweep.analysis.metrics.changepoints import median, values_of
from ilsweep.analysis.metrics.not_finite import GRADIENT, NotFinite, not_finite
from ilsweep.analysis.metrics.objectives import LOSSES
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

TRANSITIONS = "probe/transitions"
NOT_FINITE = ("FloatingPointError", "finite")
"""One of them stands in the error of a trial whose loss became NaN or infinite; the first is what
a sweep's own worker raises."""


def batch_share(trial: TrialRecord) -> float:
    """Batch over training set; NaN where the trial does not tell."""
    share = param(trial, "batch_fraction")
    if share == share:
        return share
    transitions = trial.last(TRANSITIONS)
    return param(trial, "batch_size") / transitions if transitions > 0 else math.nan


@rule
def batch_too_large(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The batch is half of the data set or more."""
    share = batch_share(trial)
    limit = limits["share"]
    if not share >= limit:
        return None
    evidence = {"batch_share": share, **read(trial, TRANSITIONS)}
    left = math.sqrt(max(0.0, 1 - share))
    varies_en = f"varies only {num(left)} times as much as that of independent samples"
    varies_zh = f"这么大的批次其均值的波动只有独立样本的 {num(left)} 倍"
    if not left:
        varies_en, varies_zh = "is always the same", "以整个训练集为批次时均值始终不变"
    explanation = Text(
        f"A batch holds {pct(share)} of the training set ({pct(limit)} or more).",
        f"一个批次包含训练集的 {pct(share)}（不低于 {pct(limit)}）。",
    ) + Text(
        "The field report explains jumps of the loss by batches full of hard samples. But the "
        "mean of a batch varies as one over the root of its size, and drawn without replacement "
        f"that of so large a batch {varies_en}: a larger batch is steadier, not rougher. What it "
        "costs is the noise that regularises, and steps per epoch.",
        f"笔记用“困难样本集中在一个批次”解释损失跳变。但批次均值的波动与批次大小的平方根成反比，"
        f"不放回抽样时{varies_zh}：批次越大越平稳。代价是失去有正则作用的噪声和每轮的更新次数。",
    )
    return make_finding(
        trial,
        "warning",
        evidence,
        explanation,
        change(
            "batch_fraction",
            "set",
            0.15,
            "A batch of 10 to 20 % of the data.",
            "批次取数据集的 10 % 到 20 %。",
            BC_NOTE,
        ),
        change(
            "data.episodes",
            "multiply",
            5,
            "Or more data: five demonstrations in place of one.",
            "或增加数据：用五条演示代替一条。",
            BC_NOTE,
        ),
    )


@rule(of_failed=True)
def diverged(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The loss is not a number in the end, or far above where it began."""
    if (bad := not_finite(trial)) is not None:
        return _not_finite(trial, bad)
    name = next((name for name in LOSSES if len(trial.curve(name))), None)
    broken = trial.state == "failed" and any(word in trial.error for word in NOT_FINITE)
    if name is None:
        if not broken:
            return None
        evidence: dict[str, float | str] = {"error": trial.error[-200:]}
        explanation = Text("The loss was not finite.", "损失不是有限数。")
        return make_finding(trial, "critical", evidence, explanation, *_lower_rate(trial))
    curve = trial.curve(name)
    values = values_of(trial, name)
    if broken:
        step = int(curve.steps[-1])
        evidence = {"metric": name, "step": step, "finite_reports": len(values)}
        explanation = Text(
            f"{name} is not finite at step {step}, the last one.",
            f"{name} 在最后的第 {step} 步不是有限数。",
        )
        return make_finding(trial, "critical", evidence, explanation, *_lower_rate(trial))
    if len(values) < 6:
        return None
    first, late = float(values[0]), median(values[-(len(values) // 3) :])
    if late - first <= (limits["growth"] - 1) * max(abs(first), 1e-12):
        return None
    evidence = {"metric": name, "first": first, "last_third": late}
    explanation = Text(
        f"{name} began at {num(first)} and its last third lies at {num(late)}.",
        f"{name} 开始为 {num(first)}，最后三分之一为 {num(late)}。",
    )
    return make_finding(trial, "critical", evidence, explanation, *_lower_rate(trial))


def _not_finite(trial: TrialRecord, bad: NotFinite) -> Finding:
    """What is not finite since when. From the first report on, the rate is not what to look at."""
    evidence: dict[str, float | str] = {
        "metric": bad.metric,
        "since": bad.since,
        "finite_reports": bad.finite,
    }
    explanation = Text(
        f"{bad.metric} is not finite since step {bad.since}.",
        f"{bad.metric} 自第 {bad.since} 步起不是有限数。",
    )
    if bad.zero_loss:
        explanation += Text(
            "The loss of 0 beside it is none: the Hugging Face Trainer prints NaN as 0.",
            "同时打印的损失 0 并非真实值：Hugging Face Trainer 把 NaN 打印为 0。",
        )
    if bad.metric not in (*LOSSES, GRADIENT):
        explanation += Text(
            "The training's own loss stays finite: look at the data of the evaluation.",
            "训练损失本身仍是有限数：检查评估所用的数据。",
        )
        return make_finding(trial, "critical", evidence, explanation)
    if bad.finite:
        return make_finding(trial, "critical", evidence, explanation, *_lower_rate(trial))
    explanation += Text(
        "It was so from the first report on: look for NaN and constant dimensions in the data and "
        "its normalisation statistics, and for the precision (float16), before the rate.",
        "从第一次报告起即如此：先检查数据与归一化统计量中的 NaN 和恒定维度，"
        "以及数值精度（float16），再考虑学习率。",
    )
    return make_finding(trial, "critical", evidence, explanation)


def _lower_rate(trial: TrialRecord) -> list[Suggestion]:
    lower = change(
        "lr",
        "multiply",
        0.3,
        "Half a decade less learning rate.",
        "学习率降低半个数量级。",
        "Godbole et al. 2023, deep learning tuning playbook",
    )
    return [*(usual_again(trial) if usual_rate(trial) < param(trial, "lr") else []), lower]


@rule(of_failed=True)
def exploding_gradient(trial: TrialRecord, limits: Limits) -> Finding | None:
    """A gradient norm far above the usual one, the first quarter of the training left out."""
    curve = trial.curve("train/grad_norm")
    late = curve.values[len(curve) // 4 :]
    usual = values_of(trial, "train/grad_norm")
    if len(late) < 8 or not len(usual):
        return None
    middle = median(usual)
    largest = float(late[np.isfinite(late)].max(initial=0.0))
    ratio = math.inf if not np.isfinite(late).all() else largest / max(middle, 1e-12)
    if ratio < limits["ratio"]:
        return None
    step = int(curve.steps[len(curve) // 4 + int(np.argmax(np.nan_to_num(late, nan=np.inf)))])
    evidence = {"step": step, "largest": largest, "median": middle, "ratio": ratio}
    much_en = "is not finite" if math.isinf(ratio) else f"is {num(ratio)} times its median"
    much_zh = "不是有限数" if math.isinf(ratio) else f"是中位数的 {num(ratio)} 倍"
    explanation = Text(
        f"At step {step} the gradient's norm {much_en} ({num(middle)}).",
        f"第 {step} 步梯度范数{much_zh}（中位数 {num(middle)}）。",
    )
    return make_finding(trial, "warning", evidence, explanation, *_lower_rate(trial))


@rule
def data_bound(trial: TrialRecord, limits: Limits) -> Finding | None:
    """A step waits for its batch longer than it should.

    LeRobot counts the wait beside the update, our trainers within it; over the sum of both it is
    never overstated.
    """
    waits, updates = values_of(trial, "train/dataloading_s"), values_of(trial, "train/update_s")
    if not len(waits) or not len(updates):
        return None
    wait, update = median(waits), median(updates)
    limit = limits["share"]
    if wait <= 0 or wait / (wait + max(update, 0.0)) <= limit:
        return None
    share = wait / (wait + max(update, 0.0))
    evidence = {"train/dataloading_s": wait, "train/update_s": update, "share": share}
    explanation = Text(
        f"Waiting for data takes {pct(share)} of a step ({num(wait)} s beside {num(update)} s).",
        f"等待数据占每步时间的 {pct(share)}（{num(wait)} 秒对 {num(update)} 秒）。",
    )
    return make_finding(trial, "info", evidence, explanation)
