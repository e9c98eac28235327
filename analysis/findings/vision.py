"""Rules about a policy that should look (`field-notes/act-blind-policy.md`)."""

from __future__ import annotations

from ilsweep.analysis.findings.finding import Finding, Suggestion
from ilsweep.analysis.findings.helpers import change, make_finding, param, read
from ilsweep.analysis.findings.ot_collapse import lighter
from ilsweep.analysis.findings.plateau import times_longer
from ilsweep.analysis.findings.rule import rule
from ilsweep.analysis.findings.thresholds import ACT_NOTE, Limits
from ilsweep.analysis.formatting import num, pct
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import NOTHING, Text

SHUFFLED = "probe/shuffled_action_change"
BLACK = "probe/black_action_change"
PATHS = "probe/path_diversity"


@rule
def blind_policy(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The actions do not change when the images do.

    Images of other episodes decide; a black image is out of distribution and can only prove
    blindness.
    """
    seen = read(
        trial,
        SHUFFLED,
        BLACK,
        "probe/mean_action_change",
        "probe/shuffled_error_ratio",
        "probe/joints_action_change",
    )
    judge = SHUFFLED if SHUFFLED in seen else BLACK
    limit = limits["change"]
    if judge not in seen or seen[judge] >= limit:
        return None
    how_en, how_zh = (
        ("swapped between episodes", "在回合间互换")
        if judge == SHUFFLED
        else ("made black", "全部置黑")
    )
    explanation = Text(
        f"With the images {how_en} the actions change by {num(seen[judge])} of their standard "
        f"deviation (under {num(limit)}): the policy does not look.",
        f"把图像{how_zh}后，动作只改变其标准差的 {num(seen[judge])} 倍（低于 {num(limit)}）："
        f"策略没有看图像。",
    )
    explanation += _black_image_caveat(seen, judge)
    return make_finding(trial, "critical", seen, explanation, *_open_the_eyes(trial, limits))


def _black_image_caveat(seen: dict[str, float], judge: str) -> Text:
    if judge == BLACK:
        return NOTHING
    if BLACK not in seen:
        return NOTHING
    return Text(
        f"The field report's test with black images reads {num(seen[BLACK])}; a black image lies "
        "outside the training data, so that a change there does not prove that the policy looks.",
        f"笔记中的全黑图像测试为 {num(seen[BLACK])}；全黑图像不在训练分布内，"
        f"有变化也不能证明策略在看图像。",
    )


def _open_the_eyes(trial: TrialRecord, limits: Limits) -> list[Suggestion]:
    """What may have made it blind first: other pictures at evaluation, then the transport."""
    return [
        *_norm(trial),
        *lighter(trial, limits),
        _backbone_rate(trial),
        change(
            "kl_weight",
            "multiply",
            0.1,
            "The field report lowers the KL weight by tens. In ACT the latent encodes joints and "
            "actions, not images, and is zero at test time, so that a smaller weight may also let "
            "the latent replace the images: judge it by the same probe.",
            "笔记建议按十倍逐级降低 KL 权重。但 ACT 的潜变量编码的是关节与动作而非图像，"
            "且测试时为零，权重变小也可能让潜变量取代图像：用同一探针判断。",
            ACT_NOTE,
        ),
    ]


def _backbone_rate(trial: TrialRecord) -> Suggestion:
    rate, main = param(trial, "lr_backbone"), param(trial, "lr")
    if rate == 0:
        return change(
            "lr_backbone",
            "set",
            main if main > 0 else 1e-5,
            "The visual backbone is frozen (its learning rate is 0).",
            "视觉骨干被冻结（学习率为 0）。",
            ACT_NOTE,
        )
    if rate >= main:
        return change(
            "steps",
            "multiply",
            times_longer(trial),
            "The backbone already learns at the main rate; it needs longer.",
            "骨干网络的学习率已不低于主学习率；需要更长的训练。",
            ACT_NOTE,
        )
    return change(
        "lr_backbone",
        "multiply",
        10,
        "At a low rate the ResNet hardly changes.",
        "学习率过低时 ResNet 几乎不更新。",
        ACT_NOTE,
    )


def _norm(trial: TrialRecord) -> list[Suggestion]:
    train, test = trial.params.get("image_norm"), trial.params.get("image_norm_eval")
    if not isinstance(train, str) or not isinstance(test, str) or train == test:
        return []
    return [
        change(
            "image_norm_eval",
            "set",
            train,
            f"Images are normalised by {train!r} in training and by {test!r} at evaluation.",
            f"训练时图像按 {train!r} 归一化，评估时却按 {test!r}。",
            ACT_NOTE,
        )
    ]


@rule
def mean_trajectory(trial: TrialRecord, limits: Limits) -> Finding | None:
    """Different targets, the same motion.

    Executed paths decide where there are some: a policy whose predictions hardly differ may still
    be led apart by what it meets, as where every target begins with the same motion.
    """
    seen = read(trial, PATHS, "probe/diversity_ratio", "probe/joints_action_change")
    executed = PATHS in seen
    ratio = seen.get(PATHS if executed else "probe/diversity_ratio")
    limit = limits["paths" if executed else "diversity"]
    if ratio is None or ratio >= limit:
        return None
    en, zh = ("executed", "执行轨迹") if executed else ("predicted", "预测动作")
    explanation = Text(
        f"Over different targets the {en} motion varies {pct(ratio)} as much as the "
        f"demonstrations do (under {pct(limit)}): one mean trajectory for all.",
        f"目标位置不同时，{zh}的变化只有演示的 {pct(ratio)}（低于 {pct(limit)}）："
        f"所有目标走同一条平均轨迹。",
    )
    sees = read(trial, "probe/shuffled_action_change", "probe/black_action_change")
    suggestions = _open_the_eyes(trial, limits) if sees else [_longer(trial)]
    return make_finding(trial, "critical", seen, explanation, *suggestions)


def _longer(trial: TrialRecord) -> Suggestion:
    return change(
        "steps",
        "multiply",
        times_longer(trial),
        "The targets are given as numbers: no camera is in the way, and the training is too short.",
        "目标以数值给出，与相机无关：训练还不够长。",
        ACT_NOTE,
    )


@rule
def backbone_frozen(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The weights of the visual backbone are (nearly) those that it began with."""
    seen = read(trial, "probe/backbone_change")
    limit = limits["change"]
    moved = seen.get("probe/backbone_change")
    if moved is None or moved >= limit:
        return None
    rate = param(trial, "lr_backbone")
    if rate == rate:
        seen["lr_backbone"] = rate
    explanation = Text(
        f"The visual backbone moved by {num(moved)} of its weights' norm (under {num(limit)}).",
        f"视觉骨干的权重只移动了其范数的 {num(moved)}（低于 {num(limit)}）。",
    )
    return make_finding(trial, "warning", seen, explanation, _backbone_rate(trial))


@rule
def feature_collapse(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The image features differ between samples along almost no direction."""
    seen = read(trial, "probe/feature_rank")
    limit = limits["rank"]
    rank = seen.get("probe/feature_rank")
    if rank is None or rank >= limit:
        return None
    explanation = Text(
        f"The image features have an effective rank of {num(rank)} (under {num(limit)}): what the "
        f"camera shows reaches the policy as almost nothing.",
        f"图像特征的有效秩为 {num(rank)}（低于 {num(limit)}）：相机画面几乎没有传到策略。",
    )
    return make_finding(
        trial,
        "warning",
        seen,
        explanation,
        *_norm(trial),
        _backbone_rate(trial),
    )
