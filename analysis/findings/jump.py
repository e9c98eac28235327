"""The jump of a loss that its error does not share (`field-notes/bc-loss-jump.md`)."""

from __future__ import annotations

import math

import numpy as np

from ilsweep.analysis.findings.finding import Finding, Suggestion
from ilsweep.analysis.findings.helpers import change, make_finding, param
from ilsweep.analysis.findings.jump_cause import explain
from ilsweep.analysis.findings.optimisation import batch_share
from ilsweep.analysis.findings.rule import rule
from ilsweep.analysis.findings.thresholds import BC_NOTE, Limits
from ilsweep.analysis.formatting import num, pct
from ilsweep.analysis.metrics.changepoints import Jump, jumps, median
from ilsweep.analysis.metrics.objectives import ERRORS, LOSSES, first_logged
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import NOTHING, Text

STD_FLOOR = 0.05
"""Standard deviations of the actions; with it runs of `sweeps/specs/bc_loss_jump.yaml` jump by a
tenth, 3.5 nats in place of 30."""


@rule(unless_it_works=True)
def loss_jump(trial: TrialRecord, limits: Limits) -> Finding | None:
    """A jump of the loss that the error does not share, and what moved with it."""
    loss, error = first_logged(trial, _JUMPY), first_logged(trial, ERRORS)
    if loss is None or error is None:
        return None
    curve = _finite(trial.curve(loss))
    fall = float(curve.values[0] - curve.values.min())
    found = [
        (jump, rise)
        for jump in jumps(curve.values, limits["score"])
        if jump.size >= limits["fall"] * fall
        and (rise := _error_rise(trial.curve(error), int(curve.steps[jump.index])))
        < limits["error"]
    ]
    if not found:
        return None
    jump, rise = max(found, key=lambda item: item[0].size)
    return _finding(trial, loss, error, curve, jump, rise, len(found))


_JUMPY = ("bc/actor_loss", *(name for name in LOSSES if name != "bc/actor_loss"))


def _finite(curve: Curve) -> Curve:
    keep = np.isfinite(curve.values)
    return Curve(curve.steps[keep], curve.values[keep])


def _error_rise(curve: Curve, step: int) -> float:
    """Rise of the error at `step` over the median of up to five reports before it.

    As a share of that level or, where it is larger, of the error's whole fall, as the loss's jump
    is: a likelihood feels an error that doubles near nothing, a robot does not.
    """
    curve = _finite(curve)
    at = int(np.searchsorted(curve.steps, step))
    before, after = curve.values[max(0, at - 5) : at], curve.values[at : at + 2]
    if not len(before) or not len(after):
        return math.inf
    level = median(before)
    fall = float(curve.values[0] - curve.values.min())
    return float(after.max() - level) / max(abs(level), fall, 1e-12)


def _finding(
    trial: TrialRecord, loss: str, error: str, curve: Curve, jump: Jump, rise: float, count: int
) -> Finding:
    step = int(curve.steps[jump.index])
    before, after = float(curve.values[jump.index - 1]), float(curve.values[jump.index])
    cause = explain(trial, step, jump.size)
    evidence: dict[str, float | str] = {
        "metric": loss,
        "step": step,
        "before": before,
        "after": after,
        "score": jump.score,
        "jumps": count,
        "error_rise": rise,
        "cause": cause.name,
        **cause.evidence,
    }
    times = NOTHING if count == 1 else Text(f"({count} such jumps.)", f"（共 {count} 次。）")
    explanation = Text(
        f"At step {step} {loss} jumps from {num(before)} to {num(after)} ({num(jump.score)} times "
        f"its usual change), while {error} rises by {pct(max(rise, 0.0))}.",
        f"第 {step} 步 {loss} 从 {num(before)} 跳到 {num(after)}（为平常变化的 {num(jump.score)} "
        f"倍），而 {error} 只上升 {pct(max(rise, 0.0))}。",
    )
    explanation += times + cause.text
    return make_finding(trial, "warning", evidence, explanation, *_remedies(trial, cause.name))


def _remedies(trial: TrialRecord, cause: str) -> list[Suggestion]:
    """What was measured to help against a cause; for an unknown one, what the field report says."""
    remedies = [
        change(
            "lr",
            "multiply",
            0.3,
            "A lower rate late in training moves the mean by less at a step.",
            "训练后期用更低的学习率，使均值每步移动得更少。",
            BC_NOTE,
        )
    ]
    if cause == "deviation" and not param(trial, "std_min") >= STD_FLOOR:
        floor = change(
            "std_min",
            "set",
            STD_FLOOR,
            "A floor under the predicted standard deviation bounds what an error can cost.",
            "给预测的标准差设下限，误差的代价就有上限。",
            "Seitzer et al. 2022, arXiv 2203.09168; sweeps/specs/bc_loss_jump.yaml",
        )
        remedies.insert(0, floor)
    if cause == "unknown" and batch_share(trial) > 0.2:
        smaller = change(
            "batch_fraction",
            "set",
            0.15,
            "The field report's first remedy; its reason (batches of hard samples) is open.",
            "笔记的首选方案；其理由（困难样本集中）尚待验证。",
            BC_NOTE,
        )
        remedies.append(smaller)
    return remedies
