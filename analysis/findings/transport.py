"""Rules about optimal transport between two domains (`field-notes/act-ot-stage-report.md`)."""

from __future__ import annotations

import math

from ilsweep.analysis.findings.finding import Finding, Suggestion
from ilsweep.analysis.findings.helpers import change, family, make_finding, param, read
from ilsweep.analysis.findings.ot_collapse import LIMIT, alike, variations
from ilsweep.analysis.findings.ot_terms import (
    LABEL_TERMS,
    MASS,
    SHARE,
    weighted_cost,
    weighted_shares,
)
from ilsweep.analysis.findings.rule import rule
from ilsweep.analysis.findings.thresholds import OT_NOTE, Limits
from ilsweep.analysis.formatting import num, pct
from ilsweep.analysis.metrics.changepoints import late, median, values_of
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

MEASURED = "measured: at reg 2, tau 10 and costs in [0, s], mass 0.98 at s=1, 0.15 at s=1000"


def _settings(trial: TrialRecord) -> dict[str, float | str]:
    names = ("ot.reg", "ot.tau", "ot.weight_embed", "ot.weight_label")
    found = {name: param(trial, name) for name in names}
    return {name: value for name, value in found.items() if value == value}


@rule
def ot_mass_collapse(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The plan's mass is nearly gone, and the loss with it."""
    mass = late(trial, MASS)
    limit = limits["mass"]
    if not mass < limit:
        return None
    evidence: dict[str, float | str] = {"mass": mass, MASS: trial.last(MASS), **_settings(trial)}
    explanation = Text(
        f"In the last third the plan's mass is {num(mass)} (under {num(limit)}): the transport "
        f"loss is small because little is transported, not because the domains are aligned.",
        f"最后三分之一中 π 总和为 {num(mass)}（低于 {num(limit)}）：OT 损失小是因为几乎没有运输，"
        f"而不是因为两个域已对齐。",
    ) + Text(
        "The field report raises reg or tau and keeps the prior. Measured: the mass falls with "
        "the cost over reg, so that smaller costs restore it too, without blurring the plan; and "
        "the prior that it keeps makes the plan diagonal, which matches nothing.",
        "笔记建议提高 reg 或 tau 并保留先验。实测：质量随“代价 / reg”下降，缩小代价同样能恢复质量，"
        "且不会模糊 π；而保留的对角先验会使 π 恒为对角，什么也没有匹配。",
    )
    return make_finding(
        trial,
        "warning",
        evidence,
        explanation,
        change(
            "ot.reg",
            "multiply",
            1.5,
            "Raise reg by half (the field report: 2 to 3).",
            "把 reg 提高一半（笔记：2 → 3）。",
            OT_NOTE,
        ),
        change(
            _tau(trial),
            "multiply",
            2,
            "Or double tau (the field report: 10 to 20): leaving mass behind costs more.",
            "或把 tau 加倍（笔记：10 → 20）：丢弃质量的代价更高。",
            OT_NOTE,
        ),
        _smaller_cost(trial),
    )


def _tau(trial: TrialRecord) -> str:
    if "ot.tau" not in trial.params and "ot.tau_src" in trial.params:
        return "ot.tau_src"
    return "ot.tau"


def _smaller_cost(trial: TrialRecord) -> Suggestion:
    label = param(trial, "ot.weight_label")
    name = "ot.weight_label" if label > 0 else "ot.weight_embed"
    return change(
        name,
        "multiply",
        0.2 if label > 0 else 1 / 3,
        "Or shrink the cost: what counts is its size over reg.",
        "或缩小代价：起作用的是代价与 reg 之比。",
        MEASURED,
    )


@rule
def ot_cost_stuck(trial: TrialRecord, limits: Limits) -> Finding | None:
    """Much mass is transported, and the cost does not fall."""
    mass = late(trial, MASS)
    if not mass >= limits["mass"]:
        return None
    found = weighted_cost(trial)
    if found is None or not found[1] > 0:
        return None
    what, first, last = found
    fall = 1 - last / first
    if fall >= limits["fall"]:
        return None
    evidence: dict[str, float | str] = {
        "mass": mass,
        "cost": what,
        "start": first,
        "last_third": last,
        **_settings(trial),
    }
    explanation = Text(
        f"The plan carries a mass of {num(mass)}, and the cost ({what}) went from {num(first)} to "
        f"{num(last)}: the features do not come closer.",
        f"π 总和为 {num(mass)}，而代价（{what}）从 {num(first)} 变为 {num(last)}：特征没有靠近。",
    )
    return make_finding(trial, "warning", evidence, explanation, *_cheaper_labels(trial))


def _cheaper_labels(trial: TrialRecord) -> list[Suggestion]:
    label = param(trial, "ot.weight_label")
    reg = change(
        "ot.reg",
        "multiply",
        0.75,
        "If need be lower reg a little, for a more selective plan.",
        "必要时略降 reg，使 π 更有选择性。",
        OT_NOTE,
    )
    if label == 0:
        return [reg]
    return [
        change(
            "ot.weight_label",
            "multiply",
            0.2,
            "Labels cannot be moved by learning: weigh them down (the field report: 0.0005 to "
            "0.0001).",
            "标签代价不会因学习而下降：减小其权重（笔记：0.0005 → 0.0001）。",
            OT_NOTE,
        ),
        change(
            "ot.weight_label",
            "set",
            0.0,
            "Or embeddings alone, as a control.",
            "或仅用 embedding（embedOnly）做对照。",
            OT_NOTE,
        ),
        reg,
    ]


@rule
def ot_diagonal_prior(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The plan is diagonal by construction: it weighs the sampler's pairs and matches nothing."""
    if trial.params.get("ot.heuristic") is False:
        return None
    off = trial.last("probe/ot_offdiagonal")
    mass, diagonal = trial.last(MASS), trial.last("train/ot_pi_diag")
    if mass == 0:
        return None
    if math.isnan(off) and mass > 0 and diagonal >= 0:
        off = max(0.0, 1 - diagonal / mass)
    if not off < limits["offdiagonal"]:
        return None
    evidence: dict[str, float | str] = {
        "off_diagonal": off,
        **read(trial, MASS, "train/ot_pi_diag", "probe/ot_true_match"),
    }
    explanation = Text(
        f"{pct(off)} of the plan's mass lies off its diagonal: with the diagonal prior "
        f"(heuristic) every sample is paired with the one that the sampler put beside it.",
        f"π 只有 {pct(off)} 的质量在对角线之外：在对角先验（heuristic）下，"
        f"每个样本只与采样器放在同一位置的样本配对。",
    ) + Text(
        "The field report advises to keep heuristic=true. Measured: with that prior the plan is "
        "exactly diagonal whatever the cost says, so that transport only weighs the sampled "
        "pairs; where the time alignment is good this may be wanted, but nothing is matched.",
        "笔记建议保持 heuristic=true。实测：该先验使 π 恒为精确对角，与代价无关，"
        "OT 分支只是给采样配对加权；若时间对齐可靠，这也许正是所要的，但它没有匹配任何东西。",
    )
    return make_finding(
        trial,
        "warning",
        evidence,
        explanation,
        change(
            "ot.heuristic",
            "set",
            False,
            "Without the diagonal prior the plan must match; watch its mass and its diagonal.",
            "去掉对角先验，π 才真正做匹配；同时观察其总和与对角和。",
            "measured: off-diagonal mass 0.0 with POT's diagonal prior",
        ),
    )


@rule
def ot_term_dominates(trial: TrialRecord, limits: Limits) -> Finding | None:
    """One cost term decides the plan alone: labels over embeddings, or one embedding over others.

    Embeddings over labels are what the field report aims at.
    """
    shares = family(trial, SHARE) or weighted_shares(trial)
    if len(shares) < 2:
        return None
    term = max(shares, key=shares.__getitem__)
    rivals = {name: share for name, share in shares.items() if _rivals(name, term)}
    total = sum(rivals.values())
    share = rivals[term] / total if total > 0 else math.nan
    if len(rivals) < 2 or not share > limits["share"]:
        return None
    evidence: dict[str, float | str] = {SHARE + name: part for name, part in shares.items()}
    explanation = Text(
        f"The term {term} makes up {pct(share)} of the cost of {', '.join(rivals)}: it decides "
        f"alone which samples are paired.",
        f"代价项 {term} 占 {'、'.join(rivals)} 总代价的 {pct(share)}：由它单独决定配对。",
    )
    label = [_lighter_labels(share)] if term in LABEL_TERMS else []
    return make_finding(trial, "warning", evidence, explanation, *label)


def _rivals(name: str, term: str) -> bool:
    """Whether `name` should weigh about as much as `term`."""
    return term in LABEL_TERMS or name not in LABEL_TERMS


def _lighter_labels(share: float) -> Suggestion:
    return change(
        "ot.weight_label",
        "multiply",
        float(f"{(1 - share) / share or 0.01:.1g}"),
        "Labels in their own units, not standardised, drown the embeddings: give them their size.",
        "量纲较大且未标准化的标签会淹没 embedding：使两者相当。",
        OT_NOTE,
    )


@rule
def ot_ready(trial: TrialRecord, limits: Limits) -> Finding | None:
    """Mass enough, steady, and a cost that does not rise: the weight may go up."""
    weight, target = param(trial, "ot.lambda_ot"), limits["lambda"]
    masses = values_of(trial, MASS)
    if not weight < target or len(masses) < 9 or alike(variations(trial), limits[LIMIT]):
        return None
    third = masses[-(len(masses) // 3) :]
    mass = median(third)
    swing = float(third.std() / max(abs(float(third.mean())), 1e-12))
    cost = weighted_cost(trial)
    rises = cost is not None and cost[2] > cost[1] * (1 + limits["ot_cost_stuck.fall"])
    if mass < limits["mass"] or swing > limits["swing"] or rises:
        return None
    evidence: dict[str, float | str] = {"mass": mass, "swing": swing, "ot.lambda_ot": weight}
    explanation = Text(
        f"In the last third the plan's mass is {num(mass)} and swings by {pct(swing)}: steady.",
        f"最后三分之一中 π 总和为 {num(mass)}，波动 {pct(swing)}：已稳定。",
    )
    return make_finding(
        trial,
        "info",
        evidence,
        explanation,
        change(
            "ot.lambda_ot",
            "set",
            target,
            f"Raise lambda_ot to {num(target)}, to let transport act.",
            f"把 λ_ot 提升到 {num(target)}，放大 OT 的作用。",
            OT_NOTE,
        ),
    )
