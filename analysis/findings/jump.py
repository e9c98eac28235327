"""The jump of a loss that its error does not share (`field-notes/bc-loss-jump.md`)."""

from __future__ import annotations

import math

import numpy as np

from analysis.findings.finding import Finding, Suggestion, Text
from analysis.findings.optimisation import batch_share
from analysis.findings.rule import change, num, pct, told
from analysis.findings.thresholds import BC_NOTE, Limits
from analysis.outcomes import ERRORS, LOSSES, first_logged
from analysis.records import Curve, TrialRecord
from analysis.signals import Jump, jumps, median, scores

SUSPECTS = {
    "train/lr": Text("the learning rate", "学习率"),
    "bc/min_std": Text("the smallest predicted standard deviation", "预测的最小标准差"),
    "bc/batch_spread": Text("the spread of the loss within the batch", "批内损失的离散程度"),
    "train/grad_norm": Text("the gradient's norm", "梯度范数"),
}
"""What a jump may come with, in the order in which it is told."""


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
