"""Rules about padded action dimensions and integrated flows (`field-notes/reflow-padding.md`)."""

from __future__ import annotations

from ilsweep.analysis.findings.finding import Finding, Op, Suggestion
from ilsweep.analysis.findings.helpers import change, family, make_finding, read
from ilsweep.analysis.findings.rule import rule
from ilsweep.analysis.findings.thresholds import REFLOW_NOTE, Limits
from ilsweep.analysis.formatting import num, pct
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

STEPS_GAIN = 0.1
"""Smaller relative falls of the end-point error, from one number of Euler steps to the next, do not
make more steps a remedy. Own choice; Euler's error halves where it is what matters."""


@rule
def padding_leak(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The teacher's padded dimensions carry something, and the training target throws it away."""
    seen = read(trial, "probe/padding_target_error", "probe/padding_teacher")
    lost = seen.get("probe/padding_target_error")
    if lost is None or lost <= limits["thrown_away"]:
        return None
    carried = seen.get("probe/padding_teacher", lost)
    explanation = Text(
        f"The teacher's padded dimensions carry {num(carried)} (mean size, in standard deviations "
        f"of the valid actions); the training target differs from them by {num(lost)}.",
        f"教师的填充维平均为 {num(carried)}（以有效动作的标准差计），"
        f"训练目标与之相差 {num(lost)}。",
    ) + Text(
        "The field report calls it the gravest of its three problems; to a loss over the valid "
        "dimensions it is no other target, only another input of the net, so that the sweep must "
        "tell.",
        "笔记称其为三个问题中最严重的；但对只算有效维的损失而言，目标并未改变，"
        "变的只是网络的输入，需由实验判断。",
    )
    return make_finding(
        trial,
        "warning",
        seen,
        explanation,
        change(
            "target",
            "set",
            "teacher",
            "Train on what the teacher made, all dimensions, without unpadding and padding again.",
            "直接用教师生成的全部维度训练，不要先去填充再填充。",
            REFLOW_NOTE,
        ),
    )


@rule
def noise_mismatch(trial: TrialRecord, limits: Limits) -> Finding | None:
    """Training and inference start from different noise in the padded dimensions."""
    seen = read(trial, "probe/noise_std_train", "probe/noise_std_infer")
    if len(seen) < 2:
        return None
    train, infer = seen["probe/noise_std_train"], seen["probe/noise_std_infer"]
    if abs(train - infer) <= limits["difference"]:
        return None
    explanation = Text(
        f"In the padded dimensions training starts from noise of standard deviation {num(train)}, "
        f"inference from {num(infer)}: other starting points, other trajectories.",
        f"填充维上，训练的起始噪声标准差为 {num(train)}，推理为 {num(infer)}："
        f"起点不同，轨迹就不同。",
    ) + Text(
        "The field report left this as it was beside its first remedy.",
        "笔记在修复问题一时没有修复这一点。",
    )
    return make_finding(
        trial,
        "warning",
        seen,
        explanation,
        change(
            "noise_dims",
            "set",
            "all" if infer > train else "valid",
            "Draw training's noise as inference does.",
            "训练噪声应与推理噪声同分布。",
            REFLOW_NOTE,
        ),
        change(
            "infer_noise_dims",
            "set",
            "valid" if infer > train else "all",
            "Or draw inference's noise as training did.",
            "或让推理噪声与训练噪声同分布。",
            REFLOW_NOTE,
        ),
    )


@rule
def untrained_dims(trial: TrialRecord, limits: Limits) -> Finding | None:
    """Dimensions that get no gradient change what inference does."""
    seen = read(trial, "probe/padding_gradient_share", "probe/padding_influence")
    if len(seen) < 2:
        return None
    gradient, influence = seen["probe/padding_gradient_share"], seen["probe/padding_influence"]
    trained = gradient > limits["gradient"]
    if trained or influence <= limits["influence"]:
        return None
    explanation = Text(
        f"The padded dimensions get {pct(gradient)} of the gradient, and yet changing their noise "
        f"moves the valid actions by {num(influence)} of their standard deviation.",
        f"填充维只得到 {pct(gradient)} 的梯度，但改变其噪声会使有效动作移动其标准差的 "
        f"{num(influence)} 倍。",
    )
    return make_finding(
        trial,
        "warning",
        seen,
        explanation,
        change(
            "loss_dims",
            "set",
            "all",
            "Take the loss over all dimensions that inference integrates.",
            "对推理时积分的全部维度计算损失。",
            REFLOW_NOTE,
        ),
    )


@rule
def ode_drift(trial: TrialRecord, limits: Limits) -> Finding | None:
    """Velocities are right, the integrated end point is not."""
    seen = read(trial, "probe/velocity_error", "probe/endpoint_error", "probe/straightness")
    velocity, end = seen.get("probe/velocity_error"), seen.get("probe/endpoint_error")
    if velocity is None or end is None:
        return None
    drifts = end > limits["endpoint"] and end > limits["growth"] * velocity
    if velocity >= limits["velocity"] or not drifts:
        return None
    explanation = Text(
        f"The velocity is off by {pct(velocity)}, the integrated action by {pct(end)}: the error "
        f"grows along the path.",
        f"速度误差为 {pct(velocity)}，积分后的动作误差为 {pct(end)}：误差沿路径累积。",
    )
    return make_finding(
        trial,
        "warning",
        seen,
        explanation,
        *_finer(trial, end),
        change(
            "noise_dims",
            "set",
            "all",
            "The end point is only as good as its start: the same noise in training and inference.",
            "终点取决于起点：训练与推理使用相同的噪声。",
            REFLOW_NOTE,
        ),
    )


def _finer(trial: TrialRecord, end: float) -> list[Suggestion]:
    """The fewest Euler steps that measured as well as any, where that is better than `end`.

    Else twice as many, unless the most that were measured brought nothing more.
    """
    found = family(trial, "probe/endpoint_error/")
    errors = {n: found[str(n)] for n in sorted(map(int, filter(str.isdecimal, found)))}
    good = min(errors.values(), default=end) / (1 - STEPS_GAIN)
    if end > good:
        return [_euler("set", next(n for n, error in errors.items() if error <= good))]
    last_two = list(errors.values())[-2:]
    helps = len(last_two) < 2 or last_two[1] < (1 - STEPS_GAIN) * last_two[0]
    return [_euler("multiply", 2)] if helps else []


def _euler(op: Op, value: int) -> Suggestion:
    return change(
        "euler_steps",
        op,
        value,
        "More and smaller Euler steps, or another round of reflow for straighter paths.",
        "增加 Euler 步数、减小步长，或再做一轮 reflow 使路径更直。",
        "Liu et al. 2022 (rectified flow)",
    )
