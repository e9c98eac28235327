"""Rules about the course of the optimisation (`field-notes/bc-loss-jump.md`)."""

from __future__ import annotations

import math

import numpy as np

from analysis.findings.finding import Finding, Suggestion, Text
from analysis.findings.rule import change, num, param, pct, read, told, values_of
from analysis.findings.thresholds import BC_NOTE, Limits
from analysis.outcomes import ERRORS, LOSSES, first_logged
from analysis.records import Curve, TrialRecord
from analysis.signals import Jump, jumps, median, scores

TRANSITIONS = "probe/transitions"
SUSPECTS = {
    "train/lr": Text("the learning rate", "学习率"),
    "bc/min_std": Text("the smallest predicted standard deviation", "预测的最小标准差"),
    "bc/batch_spread": Text("the spread of the loss within the batch", "批内损失的离散程度"),
    "train/grad_norm": Text("the gradient's norm", "梯度范数"),
}
"""What a jump may come with, in the order in which it is told."""


def batch_share(trial: TrialRecord) -> float:
    """Batch over training set; NaN where the trial does not tell."""
    share = param(trial, "batch_fraction")
    if share == share:
        return share
    transitions = trial.last(TRANSITIONS)
    return param(trial, "batch_size") / transitions if transitions > 0 else math.nan


def batch_too_large(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The batch is half of the data set or more."""
    share = batch_share(trial)
    limit = limits["batch_too_large.share"]
    if not share >= limit:
        return None
    evidence = {"batch_share": share, **read(trial, TRANSITIONS)}
    left = math.sqrt(max(0.0, 1 - share))
    explanation = Text(
        f"A batch holds {pct(share)} of the training set ({pct(limit)} or more).",
        f"一个批次包含训练集的 {pct(share)}（不低于 {pct(limit)}）。",
    ) + Text(
        f"The note explains jumps of the loss by batches full of hard samples. Drawn without "
        f"replacement, the mean of so large a batch varies only {num(left)} times as much as that "
        f"of independent samples: a larger batch is steadier, not rougher. What it costs is the "
        f"noise that regularises, and steps per epoch.",
        f"笔记用“困难样本集中在一个批次”解释损失跳变。但不放回抽样时，这么大的批次其均值的波动只有"
        f"独立样本的 {num(left)} 倍：批次越大越平稳。代价是失去有正则作用的噪声和每轮的更新次数。",
    )
    return told(
        trial,
        "batch_too_large",
        "warning",
        evidence,
        explanation,
        change(
            "batch_fraction",
            "set",
            0.15,
            "A batch of 10 to 20 % of the data.",
            "批次取数据集的 10 % 到 20 %。",
            f"{BC_NOTE} 方案1",
        ),
        change(
            "data.episodes",
            "multiply",
            5,
            "Or more data: five demonstrations in place of one.",
            "或增加数据：用五条演示代替一条。",
            f"{BC_NOTE} 方案2",
        ),
    )


def loss_jump(trial: TrialRecord, limits: Limits) -> Finding | None:
    """A jump of the loss that the error does not share, and what moved with it."""
    loss, error = first_logged(trial, _JUMPY), first_logged(trial, ERRORS)
    if loss is None or error is None:
        return None
    curve = _finite(trial.curve(loss))
    fall = float(curve.values[0] - curve.values.min())
    found = [
        (jump, rise)
        for jump in jumps(curve.values, limits["loss_jump.score"])
        if jump.size >= limits["loss_jump.fall"] * fall
        and (rise := _error_rise(trial.curve(error), int(curve.steps[jump.index])))
        < limits["loss_jump.error"]
    ]
    if not found:
        return None
    jump, rise = max(found, key=lambda item: item[0].size)
    return _told_jump(trial, loss, error, curve, jump, rise, len(found))


_JUMPY = ("bc/actor_loss", *(name for name in LOSSES if name != "bc/actor_loss"))


def _finite(curve: Curve) -> Curve:
    keep = np.isfinite(curve.values)
    return Curve(curve.steps[keep], curve.values[keep])


def _error_rise(curve: Curve, step: int) -> float:
    """Relative rise of the error at `step`, over the median of up to five reports before it."""
    curve = _finite(curve)
    at = int(np.searchsorted(curve.steps, step))
    before, after = curve.values[max(0, at - 5) : at], curve.values[at : at + 2]
    if not len(before) or not len(after):
        return math.inf
    level = median(before)
    return float(after.max() - level) / max(abs(level), 1e-12)


def _told_jump(
    trial: TrialRecord, loss: str, error: str, curve: Curve, jump: Jump, rise: float, count: int
) -> Finding:
    step = int(curve.steps[jump.index])
    before, after = float(curve.values[jump.index - 1]), float(curve.values[jump.index])
    company = _company(trial, step)
    evidence: dict[str, float | str] = {
        "metric": loss,
        "step": step,
        "before": before,
        "after": after,
        "score": jump.score,
        "jumps": count,
        "error_rise": rise,
        "moved_with": ", ".join(company) or "nothing logged",
    }
    times = Text("", "") if count == 1 else Text(f"({count} such jumps.)", f"（共 {count} 次。）")
    explanation = Text(
        f"At step {step} {loss} jumps from {num(before)} to {num(after)} ({num(jump.score)} times "
        f"its usual change), while {error} rises by {pct(max(rise, 0.0))}.",
        f"第 {step} 步 {loss} 从 {num(before)} 跳到 {num(after)}（为平常变化的 {num(jump.score)} "
        f"倍），而 {error} 只上升 {pct(max(rise, 0.0))}。",
    )
    explanation += times + _cause(company)
    return told(
        trial,
        "loss_jump",
        "warning",
        evidence,
        explanation,
        change(
            "lr",
            "multiply",
            0.3,
            "A lower rate late in training reacts less to one batch.",
            "训练后期用更低的学习率，减弱对单个批次的反应。",
            f"{BC_NOTE} 方案4",
        ),
        *_smaller_batch(trial),
    )


def _company(trial: TrialRecord, step: int) -> list[str]:
    """Those of `SUSPECTS` whose change at `step` is unusual for them (5 robust deviations)."""
    moved = []
    for name in SUSPECTS:
        curve = _finite(trial.curve(name))
        at = np.flatnonzero(curve.steps == step)
        if len(at) and at[0] > 0 and abs(scores(curve.values)[at[0] - 1]) >= 5:
            moved.append(name)
    return moved


def _cause(company: list[str]) -> Text:
    if not company:
        return Text("Nothing else that was logged moved with it.", "其他已记录的量都没有随之变化。")
    names = [SUSPECTS[name] for name in company]
    text = Text(
        f"With it moved {', '.join(name.en for name in names)}.",
        f"随之变化的有{'、'.join(name.zh for name in names)}。",
    )
    if "bc/min_std" in company:
        text += Text(
            "A log-likelihood divides the squared error by the variance: with a small deviation an "
            "unchanged error costs much.",
            "对数似然把平方误差除以方差：标准差很小时，误差不变损失也会很大。",
        )
    return text


def _smaller_batch(trial: TrialRecord) -> list[Suggestion]:
    if not batch_share(trial) > 0.2:
        return []
    return [
        change(
            "batch_fraction",
            "set",
            0.15,
            "The note's first remedy; its reason (batches of hard samples) is open.",
            "笔记的首选方案；其理由（困难样本集中）尚待验证。",
            f"{BC_NOTE} 方案1",
        )
    ]


def diverged(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The loss is not a number in the end, or far above where it began."""
    name = next((name for name in LOSSES if len(trial.curve(name))), None)
    broken = trial.state == "failed" and "finite" in trial.error
    if name is None:
        if not broken:
            return None
        evidence: dict[str, float | str] = {"error": trial.error[-200:]}
        explanation = Text("The loss was not finite.", "损失不是有限数。")
        return told(trial, "diverged", "critical", evidence, explanation, _lower_rate())
    curve = trial.curve(name)
    values = values_of(trial, name)
    if broken or not math.isfinite(curve.last):
        step = int(curve.steps[-1])
        evidence = {"metric": name, "step": step, "finite_reports": len(values)}
        explanation = Text(
            f"{name} is not finite at step {step}, the last one.",
            f"{name} 在最后的第 {step} 步不是有限数。",
        )
        return told(trial, "diverged", "critical", evidence, explanation, _lower_rate())
    if len(values) < 6:
        return None
    first, late = float(values[0]), median(values[-(len(values) // 3) :])
    if late - first <= (limits["diverged.growth"] - 1) * max(abs(first), 1e-12):
        return None
    evidence = {"metric": name, "first": first, "last_third": late}
    explanation = Text(
        f"{name} began at {num(first)} and its last third lies at {num(late)}.",
        f"{name} 开始为 {num(first)}，最后三分之一为 {num(late)}。",
    )
    return told(trial, "diverged", "critical", evidence, explanation, _lower_rate())


def _lower_rate() -> Suggestion:
    return change(
        "lr",
        "multiply",
        0.3,
        "Half a decade less learning rate.",
        "学习率降低半个数量级。",
        "Godbole et al. 2023, deep learning tuning playbook",
    )


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
    if ratio < limits["exploding_gradient.ratio"]:
        return None
    step = int(curve.steps[len(curve) // 4 + int(np.argmax(np.nan_to_num(late, nan=np.inf)))])
    evidence = {"step": step, "largest": largest, "median": middle, "ratio": ratio}
    much_en = "is not finite" if math.isinf(ratio) else f"is {num(ratio)} times its median"
    much_zh = "不是有限数" if math.isinf(ratio) else f"是中位数的 {num(ratio)} 倍"
    explanation = Text(
        f"At step {step} the gradient's norm {much_en} ({num(middle)}).",
        f"第 {step} 步梯度范数{much_zh}（中位数 {num(middle)}）。",
    )
    return told(trial, "exploding_gradient", "warning", evidence, explanation, _lower_rate())


def data_bound(trial: TrialRecord, limits: Limits) -> Finding | None:
    """A step waits for its batch longer than it should.

    LeRobot counts the wait beside the update, our trainers within it; over the sum of both it is
    never overstated.
    """
    waits, updates = values_of(trial, "train/dataloading_s"), values_of(trial, "train/update_s")
    if not len(waits) or not len(updates):
        return None
    wait, update = median(waits), median(updates)
    limit = limits["data_bound.share"]
    if wait <= 0 or wait / (wait + max(update, 0.0)) <= limit:
        return None
    share = wait / (wait + max(update, 0.0))
    evidence = {"train/dataloading_s": wait, "train/update_s": update, "share": share}
    explanation = Text(
        f"Waiting for data takes {pct(share)} of a step ({num(wait)} s beside {num(update)} s).",
        f"等待数据占每步时间的 {pct(share)}（{num(wait)} 秒对 {num(update)} 秒）。",
    )
    return told(trial, "data_bound", "info", evidence, explanation)
