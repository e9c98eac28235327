"""Rules about units and ranges (`field-notes/rdt-libero-position-scale.md`)."""

from __future__ import annotations

from ilsweep.analysis.findings.finding import Finding, Suggestion
from ilsweep.analysis.findings.helpers import change, family, make_finding, param, read
from ilsweep.analysis.findings.rule import rule
from ilsweep.analysis.findings.thresholds import RDT_NOTE, Limits
from ilsweep.analysis.formatting import num, pct
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

GROUP_STD = "probe/group_std/"
GRADIENT = "probe/gradient_share/"


@rule
def unit_imbalance(trial: TrialRecord, limits: Limits) -> Finding | None:
    """One group of actions is so much smaller than another that the loss does not feel it."""
    stds = {group: value for group, value in family(trial, GROUP_STD).items() if value > 0}
    if len(stds) < 2:
        return None
    small, large = min(stds, key=stds.__getitem__), max(stds, key=stds.__getitem__)
    ratio = stds[large] / stds[small]
    if ratio <= limits["ratio"]:
        return None
    evidence = {GROUP_STD + group: value for group, value in stds.items()}
    evidence["ratio"] = ratio
    felt = family(trial, GRADIENT).get(small)
    explanation = Text(
        f"As the loss sees them, {large} varies {num(ratio)} times as much as {small} "
        f"({num(stds[large])} against {num(stds[small])}).",
        f"在损失看来，{large} 的标准差是 {small} 的 {num(ratio)} 倍"
        f"（{num(stds[large])} 对 {num(stds[small])}）。",
    )
    if felt is not None:
        evidence[GRADIENT + small] = felt
        explanation += Text(
            f"{small} gets {pct(felt)} of the gradient.", f"{small} 只得到梯度的 {pct(felt)}。"
        )
    explanation += Text(
        "The field report says that such a model over-learns the small group; a squared error "
        f"weighs a group by its variance, here 1 to {num(ratio * ratio)}, so that it is ignored "
        "rather.",
        "笔记认为模型会“过度学习”小量级的一组；但平方误差按方差加权，"
        f"此处为 1 比 {num(ratio * ratio)}，它其实是被忽略了。",
    )
    return make_finding(trial, "warning", evidence, explanation, *_remedies(trial, small, ratio))


def _remedies(trial: TrialRecord, small: str, ratio: float) -> list[Suggestion]:
    """The field report's three: scale the positions, normalise the vector, weigh the loss."""
    suggestions = []
    if small.startswith("pos"):
        factor = float(f"{ratio:.1g}")
        suggestions.append(
            change(
                "position_scale",
                "multiply",
                factor,
                f"Scale positions by {num(factor)} (metres to centimetres is 100) until the "
                f"groups match, and scale back at evaluation.",
                f"把位置放大 {num(factor)} 倍（米到厘米为 100），使各组量级相近，评估时再缩回。",
                RDT_NOTE,
            )
        )
    if "normalize" in trial.params:
        suggestions.append(
            change(
                "normalize",
                "set",
                "minmax",
                "Min-max normalise the whole action vector, as RDT's ManiSkill code does.",
                "像 RDT 的 ManiSkill 代码那样，对整个动作向量做 min-max 归一化。",
                RDT_NOTE,
            )
        )
    weight = f"loss_weights.{small}"
    if weight in trial.params:
        suggestions.append(
            change(
                weight,
                "multiply",
                float(f"{ratio * ratio:.1g}"),
                f"Weigh {small} up in the loss; a squared error takes the square of the ratio "
                f"(the field report's 100 is the ratio itself).",
                f"提高 {small} 的损失权重；平方误差需要比值的平方（笔记中的 100 只是比值本身）。",
                RDT_NOTE,
            )
        )
    return suggestions


@rule
def position_saturation(trial: TrialRecord, limits: Limits) -> Finding | None:
    """Predicted positions leave the range of training, or are clipped when executed."""
    seen = read(trial, "probe/out_of_range_share", "probe/clip_share", "probe/range_excess")
    share = max(seen.get("probe/out_of_range_share", 0.0), seen.get("probe/clip_share", 0.0))
    excess = seen.get("probe/range_excess", 0.0)
    many = share > limits["share"]
    far = excess > limits["excess"]
    if not (many or far):
        return None
    explanation = Text(
        f"{pct(share)} of the predicted positions lie outside the training range or are clipped",
        f"{pct(share)} 的预测位置超出训练范围或被截断",
    )
    if "probe/range_excess" in seen:
        tail_en = f", the largest at {num(excess)} times the largest in training."
        tail_zh = f"，最大者是训练最大值的 {num(excess)} 倍。"
    else:
        tail_en, tail_zh = ".", "。"
    explanation = Text(explanation.en + tail_en, explanation.zh + tail_zh)
    scale = param(trial, "position_scale")
    suggestions = []
    if not scale > 1:
        suggestions.append(
            change(
                "position_scale",
                "multiply",
                100,
                "Positions in centimetres have the size of the rotation's numbers.",
                "以厘米表示的位置与旋转数值量级相近。",
                RDT_NOTE,
            )
        )
    return make_finding(trial, "critical", seen, explanation, *suggestions)


@rule
def scale_mismatch(trial: TrialRecord, limits: Limits) -> Finding | None:
    """What training scaled, evaluation does not scale back."""
    seen = read(trial, "probe/roundtrip_error", "probe/executed_scale_ratio")
    error = seen.get("probe/roundtrip_error", 0.0)
    ratio = seen.get("probe/executed_scale_ratio", 1.0)
    limit = limits["ratio"]
    off = error > limits["roundtrip"]
    if not off and 1 / limit < ratio < limit:
        return None
    parts_en, parts_zh = [], []
    if "probe/roundtrip_error" in seen:
        parts_en.append(f"there and back an action changes by {num(error)} standard deviations")
        parts_zh.append(f"动作变换再还原后偏差为 {num(error)} 倍标准差")
    if "probe/executed_scale_ratio" in seen:
        parts_en.append(
            f"executed positions vary {num(ratio)} times as much as the demonstrated ones"
        )
        parts_zh.append(f"执行的位置变化幅度是演示的 {num(ratio)} 倍")
    explanation = Text(
        f"Evaluation does not undo what training did to the actions: {', '.join(parts_en)}.",
        f"评估没有还原训练时对动作的变换：{'，'.join(parts_zh)}。",
    )
    suggestions = []
    if "inverse_scale" in trial.params:
        suggestions.append(
            change(
                "inverse_scale",
                "set",
                True,
                "Scaled positions must be scaled back before they are executed.",
                "放大的位置在执行前必须缩回。",
                RDT_NOTE,
            )
        )
    return make_finding(trial, "critical", seen, explanation, *suggestions)
