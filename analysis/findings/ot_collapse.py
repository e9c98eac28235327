"""A transport cost that fell because all embeddings became alike."""

from __future__ import annotations

from collections.abc import Mapping

from ilsweep.analysis.findings.finding import Finding, Suggestion
from ilsweep.analysis.findings.helpers import change, family, make_finding, param
from ilsweep.analysis.findings.rule import rule
from ilsweep.analysis.findings.thresholds import Limits
from ilsweep.analysis.formatting import num
from ilsweep.analysis.metrics.changepoints import late
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

VARIATION = "train/ot_variation/"
LIMIT = "ot_embedding_collapse.variation"


def variations(trial: TrialRecord) -> dict[str, float]:
    """Of each embedding by name: its variance over its mean square, median of the last third."""
    return {name: late(trial, VARIATION + name) for name in family(trial, VARIATION)}


def alike(found: Mapping[str, float], limit: float) -> bool:
    """Whether no embedding tells one sample of the source from another, by their `variations`."""
    return bool(found) and max(found.values()) < limit


def lighter(trial: TrialRecord, limits: Limits) -> list[Suggestion]:
    """A smaller weight of the transport, where embeddings became alike."""
    if not alike(variations(trial), limits[LIMIT]):
        return []
    return [
        change(
            "ot.lambda_ot",
            "multiply",
            0.1,
            "A smaller weight leaves cloning its features; in dial-turn-v3 0.001 raised success in "
            "the target, where 0.1 made all embeddings alike.",
            "降低权重，让克隆保留其特征；在 dial-turn-v3 中 0.001 提高了目标域成功率，"
            "而 0.1 使所有嵌入相同。",
            "docs/worlds.md",
        )
    ]


@rule
def ot_embedding_collapse(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The cost fell because all embeddings became alike, within a domain too."""
    found = variations(trial)
    if not alike(found, limits[LIMIT]):
        return None
    evidence: dict[str, float | str] = {f"variation {name}": v for name, v in found.items()}
    weight = param(trial, "ot.lambda_ot")
    if weight == weight:
        evidence["ot.lambda_ot"] = weight
    largest = num(max(found.values()))
    explanation = Text(
        f"Embeddings of the source's own samples vary by {largest} of their mean square (under "
        f"{num(limits[LIMIT])}): transport is cheap because all embeddings are alike, so that the "
        f"policy cannot see. A loss on their distance alone allows that.",
        f"源域样本的嵌入方差仅为其均方的 {largest}（低于 {num(limits[LIMIT])}）：运输代价低是因为"
        f"所有嵌入都变得相同，策略因而看不见；仅对距离的损失并不阻止这一点。",
    )
    return make_finding(trial, "warning", evidence, explanation, *lighter(trial, limits))
