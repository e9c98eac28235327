"""Why a loss jumped, from the run's own records: its schedule, its batch, its standard deviation.

- Schedule: the learning rate rose at that step.
- Batch: losses with a standard deviation of s make the mean of a batch of B samples vary by
  s / sqrt(B) (less where a batch draws no sample twice); a rise of a few times that is what batches
  do.
- Deviation: a Gaussian negative log-likelihood is sum log std + half the squared error in predicted
  deviations + constant. If the second part made the jump while the error in its own unit stood
  still, a mean moved by little, and by many of deviations that had become small (Seitzer et al.
  2022, arXiv 2203.09168).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ilsweep.analysis.findings.helpers import param
from ilsweep.analysis.findings.optimisation import TRANSITIONS
from ilsweep.analysis.formatting import num, pct
from ilsweep.analysis.metrics.changepoints import median, scores
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

Name = Literal["schedule", "batch", "deviation", "unknown"]

LR_RISE = 1.5
"""A learning rate that grows by so much from one report to the next is a change of schedule."""
BATCH_SIGMAS = 5.0
"""A rise of so many standard deviations of a batch's mean is no matter of which batch it was."""
UNUSUAL = 5.0
"""Robust deviations of a change that count as unusual."""
BEFORE = 5
"""Reports before the jump whose median standard deviation is the usual one."""

SUSPECTS = {
    "train/lr": Text("the learning rate", "学习率"),
    "bc/min_std": Text("the smallest predicted standard deviation", "预测的最小标准差"),
    "train/grad_norm": Text("the gradient's norm", "梯度范数"),
}
"""Metrics that are reported as moving with a jump, in this order. The standard deviation of the
loss within the batch is none: it grows with any jump."""


@dataclass(frozen=True)
class Cause:
    """What made a jump, and the numbers that say so."""

    name: Name
    evidence: dict[str, float | str]
    text: Text


def explain(trial: TrialRecord, step: int, size: float) -> Cause:
    """The cause of a rise of the loss by `size` at `step`."""
    ratio = _ratio(trial, "train/lr", step)
    sigmas = batch_sigmas(trial, step, size)
    share = _rise(trial, "bc/residual", step) / size
    smallest = _at(trial, "bc/min_std", step)
    moved = [name for name in SUSPECTS if _unusual(trial, name, step)]
    numbers = {
        "lr_ratio": ratio,
        "batch_sigmas": sigmas,
        "residual_share": share,
        "min_std": smallest,
    }
    evidence: dict[str, float | str] = {k: v for k, v in numbers.items() if not math.isnan(v)}
    evidence["moved_with"] = ", ".join(moved) or "nothing logged"
    if ratio > LR_RISE:
        return Cause("schedule", evidence, _schedule(ratio))
    text = _company(moved)
    if not math.isnan(sigmas):
        text += _batch(sigmas)
        if sigmas < BATCH_SIGMAS:
            return Cause("batch", evidence, text)
    if share > 0.5:
        return Cause("deviation", evidence, text + _deviation(share, smallest))
    return Cause("unknown", evidence, text)


def batch_sigmas(trial: TrialRecord, step: int, size: float) -> float:
    """`size` over the standard deviation of a batch's mean loss just before `step`.

    Infinite where every batch is the whole training set; NaN where the record does not tell. A
    report that averages several steps varies still less, so that this is not overstated.
    """
    coverage, deviation = _at(trial, "bc/batch_coverage", step), trial.curve("bc/batch_spread")
    if coverage >= 1:
        return math.inf
    batch = param(trial, "batch_fraction") * trial.last(TRANSITIONS)
    batch = param(trial, "batch_size") if math.isnan(batch) else batch
    known = (deviation.steps < step) & np.isfinite(deviation.values)
    before = deviation.values[known][-BEFORE:]
    if not len(before) or not batch > 0 or not median(before) > 0:
        return math.nan
    return size / (median(before) / math.sqrt(max(1.0, batch)))


def _index(trial: TrialRecord, name: str, step: int) -> int:
    """Where a curve has `step`; 0 where it has not, or has nothing before it."""
    at = np.flatnonzero(trial.curve(name).steps == step)
    return int(at[0]) if len(at) else 0


def _at(trial: TrialRecord, name: str, step: int) -> float:
    """A curve's value at `step`; NaN where there is none."""
    curve = trial.curve(name)
    found = curve.values[curve.steps == step]
    return float(found[0]) if len(found) else math.nan


def _rise(trial: TrialRecord, name: str, step: int) -> float:
    """What a curve gained from the report before `step`; NaN where that is not known."""
    values, at = trial.curve(name).values, _index(trial, name, step)
    return float(values[at] - values[at - 1]) if at else math.nan


def _ratio(trial: TrialRecord, name: str, step: int) -> float:
    """A curve's value at `step` over the one before; NaN where that is not known."""
    values, at = trial.curve(name).values, _index(trial, name, step)
    return float(values[at] / values[at - 1]) if at and values[at - 1] > 0 else math.nan


def _unusual(trial: TrialRecord, name: str, step: int) -> bool:
    """Whether a curve's change at `step` is unusual for it."""
    values, at = trial.curve(name).values, _index(trial, name, step)
    if not at or not np.isfinite(values[at - 1 : at + 1]).all():
        return False
    before = int(np.isfinite(values[:at]).sum()) - 1
    return bool(abs(scores(values[np.isfinite(values)])[before]) >= UNUSUAL)


def _company(moved: list[str]) -> Text:
    if not moved:
        return Text("Nothing else that was logged moved with it.", "其他已记录的量都没有随之变化。")
    names = [SUSPECTS[name] for name in moved]
    return Text(
        f"With it moved {', '.join(name.en for name in names)}.",
        f"随之变化的有{'、'.join(name.zh for name in names)}。",
    )


def _schedule(ratio: float) -> Text:
    return Text(
        f"The learning rate had just grown {num(ratio)} times: the schedule made the jump.",
        f"学习率刚刚变为原来的 {num(ratio)} 倍：跳变来自学习率调度。",
    )


def _batch(sigmas: float) -> Text:
    if math.isinf(sigmas):
        return Text(
            "Every batch is the whole training set, so that no choice of samples can have made it.",
            "每个批次都是全部训练数据，因此不可能由样本的选取造成。",
        )
    if sigmas < BATCH_SIGMAS:
        return Text(
            f"It is {num(sigmas)} standard deviations of a batch's mean loss: batches differ by so "
            f"much.",
            f"它是批次平均损失标准差的 {num(sigmas)} 倍：不同批次之间本来就有这么大的差异。",
        )
    return Text(
        f"It is {num(sigmas)} standard deviations of a batch's mean loss: no draw of samples "
        f"explains it.",
        f"它是批次平均损失标准差的 {num(sigmas)} 倍：样本的抽取不能解释它。",
    )


def _deviation(share: float, smallest: float) -> Text:
    small_en = "" if math.isnan(smallest) else f" (the smallest is {num(smallest)})"
    small_zh = "" if math.isnan(smallest) else f"（最小为 {num(smallest)}）"
    return Text(
        f"{pct(share)} of it is the squared error in predicted standard deviations{small_en}: the "
        f"mean moved by little, and by many of the deviations that had become too small.",
        f"其中 {pct(share)} 来自以预测标准差为单位的平方误差{small_zh}：均值只移动了一点，"
        f"但相对于已经过小的标准差却很大。",
    )
