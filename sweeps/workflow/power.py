"""What a sweep's claims could show, before it runs (`ilsweep validate`)."""

from __future__ import annotations

import math

from ilsweep.analysis.formatting import how_many
from ilsweep.analysis.inference.hypotheses import trend_alpha
from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.metrics.lookup import Catalog
from ilsweep.analysis.stats.effects import visible_over_configurations, visible_over_seeds
from ilsweep.sweeps.spec.model import Hypothesis
from ilsweep.sweeps.spec.plan import Plan


def power(plan: Plan) -> list[str]:
    """One line a claim: the smallest effect that such a sweep would show.

    It would show it in 80 % of cases; or why the design cannot decide the claim.
    """
    claims = plan.spec.hypotheses
    return [
        f"hypotheses.{i} ({claim.param}, {claim.metric}): {_told(plan, claim, len(claims))}"
        for i, claim in enumerate(claims)
    ]


def _told(plan: Plan, claim: Hypothesis, claims: int) -> str:
    domain = plan.space.get(claim.param)
    if domain is None:
        return "cannot be decided: the parameter does not vary"
    alpha, seeds = trend_alpha(claim.looks, claims), len(plan.spec.seeds)
    if plan.spec.search.algorithm != "grid":
        visible = visible_over_configurations(plan.configurations, alpha)
        if math.isinf(visible):
            return f"cannot be decided: {plan.configurations} configurations, fewer than six"
        return f"shows a change of {visible:.2g} standard deviations between configurations"
    levels = domain.count or 0
    visible = visible_over_seeds(levels, seeds, alpha) if levels > 1 else math.inf
    if math.isinf(visible):
        few = f"{how_many(levels, 'value')}, {how_many(seeds, 'seed')}"
        return f"cannot be decided: {few}; both must be two or more"
    text = f"shows a change of {visible:.2g} standard deviations between seeds"
    return text + _in_points(plan, claim, visible, levels)


def _in_points(plan: Plan, claim: Hypothesis, visible: float, levels: int) -> str:
    """Of success rates the episodes alone make noise, at 50 % the most."""
    rollouts = plan.parameters({}).get("rollouts") if claim.metric == SUCCESS else None
    if not isinstance(rollouts, int) or rollouts < 1:
        return ""
    episodes = rollouts * max(plan.configurations // levels, 1)
    points = visible * 100 * math.sqrt(0.25 / episodes)
    text = f", at least {points:.2g} points of success at 50 % ({rollouts} rollouts a trial)"
    smallest = claim.smallest_effect or _known(claim.metric)
    if smallest is not None and points > smallest:
        text += f": it cannot see the smallest effect of interest, {smallest:g}"
    return text


def _known(metric: str) -> float | None:
    known = Catalog().get(metric)
    return known.smallest_effect if known else None
