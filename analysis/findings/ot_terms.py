"""The cost terms of optimal transport, their weights and their sum."""

from __future__ import annotations

import math

from ilsweep.analysis.findings.helpers import family, param
from ilsweep.analysis.metrics.changepoints import late, start, values_of
from ilsweep.analysis.records.model import TrialRecord

MASS = "train/ot_pi_sum"
COST = "train/ot_cost/"
SHARE = "probe/ot_term_share/"
LABEL_TERMS = frozenset({"label", "labels", "action", "actions"})
"""Cost terms that `ot.weight_label` weighs; every other one (embeddings of the state and of the
cameras) is weighed by `ot.weight_embed`."""


def weight_name(term: str) -> str:
    """The parameter that weighs a cost term."""
    return "ot.weight_label" if term in LABEL_TERMS else "ot.weight_embed"


def weighted_cost(trial: TrialRecord) -> tuple[str, float, float] | None:
    """(what, at the start, last third) of the weighted cost, else of the loss over the mass."""
    terms = [name for name in sorted(trial.curves) if name.startswith(COST)]
    weights = {name: param(trial, weight_name(name[len(COST) :])) for name in terms}
    weights = {name: 1.0 if math.isnan(weight) else weight for name, weight in weights.items()}
    used = [name for name in terms if weights[name] > 0 and len(values_of(trial, name)) >= 6]
    if used:
        first = sum(weights[name] * start(trial, name) for name in used)
        last = sum(weights[name] * late(trial, name) for name in used)
        return ", ".join(used), first, last
    loss, mass = start(trial, "train/ot_loss"), start(trial, MASS)
    if len(values_of(trial, "train/ot_loss")) < 6 or not mass > 0:
        return None
    return "train/ot_loss / mass", loss / mass, late(trial, "train/ot_loss") / late(trial, MASS)


def weighted_shares(trial: TrialRecord) -> dict[str, float]:
    """Each cost term to its part of the weighted cost."""
    costs = family(trial, COST)
    parts = {term: param(trial, weight_name(term)) * cost for term, cost in costs.items()}
    parts = {term: part for term, part in parts.items() if part > 0}
    total = sum(parts.values())
    return {term: part / total for term, part in parts.items()}
