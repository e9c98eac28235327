"""Rules about the latent of a conditional VAE (`field-notes/act-blind-policy.md`, 2.3 and 3.1)."""

from __future__ import annotations

from ilsweep.analysis.findings.finding import Finding, Suggestion
from ilsweep.analysis.findings.helpers import change, make_finding, param, read
from ilsweep.analysis.findings.rule import rule
from ilsweep.analysis.findings.thresholds import ACT_NOTE, Limits
from ilsweep.analysis.formatting import num
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text


@rule(unless_it_works=True)
def posterior_collapse(trial: TrialRecord, limits: Limits) -> Finding | None:
    """No unit of the latent varies with the sample; where units are not known, KL near zero.

    Not where a nat costs little of the error (`kl_weight` over L1) and yet none is spent: then the
    demonstrations have no style that the latent could tell.
    """
    seen = read(trial, "train/kld_loss", "probe/active_units")
    kl, units = seen.get("train/kld_loss"), seen.get("probe/active_units")
    if units is not None:
        empty = units < limits["units"]
    else:
        empty = kl is not None and 0 <= kl < limits["kl"]
    if not empty:
        return None
    weight = param(trial, "kl_weight")
    if weight < limits["price"] * trial.last("train/l1_loss"):
        return None
    if weight == weight:
        seen["kl_weight"] = weight
    numbers_en = [f"KL {num(kl)} nats"] if kl is not None else []
    numbers_zh = [f"KL 为 {num(kl)} nat"] if kl is not None else []
    if units is not None:
        numbers_en.append(f"{num(units)} active units")
        numbers_zh.append(f"活跃单元 {num(units)} 个")
    explanation = Text(
        f"The latent carries nothing ({', '.join(numbers_en)}): the posterior is the prior.",
        f"潜变量不携带信息（{'，'.join(numbers_zh)}）：后验已坍塌为先验。",
    ) + Text(
        "The field report blames it for a blind policy; ACT runs with the latent at zero, so that "
        "a collapse costs the styles of the demonstrations, not the images.",
        "笔记把策略“盲”归因于此；但 ACT 测试时潜变量为零，坍塌损失的是演示风格，而不是图像。",
    )
    return make_finding(
        trial,
        "warning",
        seen,
        explanation,
        change(
            "kl_weight",
            "multiply",
            0.1,
            "Lower the KL weight by tens (10, 1, 0.1) until units become active.",
            "按十倍逐级降低 KL 权重（10、1、0.1），直到出现活跃单元。",
            ACT_NOTE,
        ),
    )


@rule(unless_it_works=True)
def latent_gap(trial: TrialRecord, limits: Limits) -> Finding | None:
    """Good with the latent of the posterior, which only training has; bad with that of the test."""
    seen = read(trial, "probe/l1_posterior", "probe/l1_zero_latent")
    if len(seen) < 2 or seen["probe/l1_posterior"] <= 0:
        return None
    ratio = seen["probe/l1_zero_latent"] / seen["probe/l1_posterior"]
    limit = limits["ratio"]
    if ratio <= limit:
        return None
    brings = seen["probe/l1_zero_latent"] - seen["probe/l1_posterior"]
    seen["ratio"] = ratio
    explanation = Text(
        f"Held-out L1 is {num(seen['probe/l1_posterior'])} with the posterior's latent and "
        f"{num(seen['probe/l1_zero_latent'])} with the zero latent of test time, {num(ratio)} "
        f"times as much: the decoder leans on what it will not have.",
        f"留出集 L1 用后验潜变量时为 {num(seen['probe/l1_posterior'])}，"
        f"用测试时的零潜变量为 {num(seen['probe/l1_zero_latent'])}，是前者的 {num(ratio)} 倍："
        f"解码器依赖了测试时没有的信息。",
    )
    return make_finding(
        trial,
        "warning",
        seen,
        explanation,
        *([_priced(brings)] if param(trial, "kl_weight") == 0 else []),
        change(
            "kl_weight",
            "multiply",
            10,
            "A larger KL weight pulls the posterior to the prior that is used at test time. (The "
            "field report advises a lower one against collapse: this is the other side of that "
            "trade.)",
            "更大的 KL 权重把后验拉向测试时使用的先验。（笔记为防坍塌建议降低：这是另一面。）",
            "Zhao et al. 2023 (ACT), kl_weight 10",
        ),
    )


def _priced(brings: float) -> Suggestion:
    """A weight in place of none, at which a nat costs what the latent brings in all."""
    return change(
        "kl_weight",
        "set",
        float(f"{brings:.1g}"),
        "With this weight a nat of the latent costs as much L1 as the latent brings in all.",
        "取此权重时，潜变量每 1 nat 的代价等于它带来的全部 L1 改善。",
        "Alemi et al. 2018 (Fixing a Broken ELBO)",
    )
