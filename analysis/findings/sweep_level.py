"""Findings about a sweep rather than about a trial."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ilsweep.analysis.findings.finding import SWEEP, Finding, Suggestion
from ilsweep.analysis.findings.helpers import change
from ilsweep.analysis.findings.thresholds import Limits
from ilsweep.analysis.formatting import num, pct, show
from ilsweep.analysis.inference.importance import Edge
from ilsweep.analysis.ranking.model import Ranking
from ilsweep.analysis.text import Text

PLAYBOOK = "Godbole et al. 2023, deep learning tuning playbook, 'Extracting insight'"

ROUNDING = 1e-9
"""A standard deviation of this share of the values is none."""


def edge_of_space(edges: Sequence[Edge]) -> list[Finding]:
    """One finding for each border that the best configuration lies on."""
    return [_edge(edge) for edge in edges]


def _edge(edge: Edge) -> Finding:
    side_en, side_zh = ("lower", "下") if edge.side == "low" else ("upper", "上")
    explanation = Text(
        f"The best configuration has {edge.param} = {show(edge.value)}, at or near the {side_en} "
        f"border of its space ({num(edge.bound)}): a better value may lie beyond.",
        f"最优配置的 {edge.param} = {show(edge.value)}，位于或接近搜索空间{side_zh}边界"
        f"（{num(edge.bound)}）：更优的取值可能在边界之外。",
    )
    suggestion = change(
        edge.param,
        "multiply",
        3 if edge.side == "high" else 1 / 3,
        "Widen the space beyond its border.",
        "把搜索空间扩展到边界之外。",
        PLAYBOOK,
    )
    evidence: dict[str, float | str] = {
        "param": edge.param,
        "value": edge.value,
        "bound": edge.bound,
        "side": edge.side,
    }
    return Finding("edge_of_space", SWEEP, "info", evidence, explanation, (suggestion,))


def seed_noise(ranking: Ranking, limits: Limits) -> Finding | None:
    """Seeds differ more than configurations do.

    One-way analysis of variance over configurations with two seeds or more: the variance within
    them, and what the variance of their means leaves beyond it (Searle et al. 1992).
    """
    groups = [
        np.array(row.objective.values)
        for row in ranking.rows
        if row.comparable and row.objective.n >= 2
    ]
    if len(groups) < 2:
        return None
    total = sum(map(len, groups))
    freedom = total - len(groups)
    within = sum(float(((g - g.mean()) ** 2).sum()) for g in groups) / freedom
    grand = sum(float(g.sum()) for g in groups) / total
    off = np.array([float(g.mean()) - grand for g in groups])
    mean_square = float(off**2 @ [len(g) for g in groups]) / (len(groups) - 1)
    size = (total - sum(len(g) ** 2 for g in groups) / total) / (len(groups) - 1)
    between = max(0.0, (mean_square - within) / size)
    if not ROUNDING * abs(grand) < math.sqrt(within) < math.inf:
        return None
    share = within / (within + between)
    if share <= limits["seed_noise.share"]:
        return None
    seeds = round(total / len(groups), 1)
    explanation = Text(
        f"{pct(share)} of the variance of {ranking.metric} lies between seeds of one configuration "
        f"(standard deviation {num(within**0.5)}; between configurations {num(between**0.5)}): "
        f"the order is mostly luck.",
        f"{ranking.metric} 的方差有 {pct(share)} 来自同一配置的不同种子（标准差 "
        f"{num(within**0.5)}；配置之间 {num(between**0.5)}）：名次多半是运气。",
    )
    evidence: dict[str, float | str] = {
        "metric": ranking.metric,
        "share": share,
        "sd_seeds": within**0.5,
        "sd_configurations": between**0.5,
        "seeds": seeds,
    }
    return Finding("seed_noise", SWEEP, "warning", evidence, explanation, (_more_seeds(),))


def _more_seeds() -> Suggestion:
    return change(
        "seeds",
        "multiply",
        2,
        "More seeds for the configurations that do not differ significantly, fewer configurations.",
        "给无法区分的配置增加种子，减少配置数。",
        PLAYBOOK,
    )
