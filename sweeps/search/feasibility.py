"""Health as a constraint of the search: an unhealthy configuration is infeasible to Optuna.

Told by its value alone, a sampler goes where a loss is low and policies are blind. Here it hears
beside the value how far a configuration is from being healthy, as the ranking judges it by its own
trials, and looks for good values among the healthy (TPE: Watanabe & Hutter 2023; NSGA-II: Deb et
al. 2002; GP: the probability of being feasible). Optuna's CMA-ES and QMC know no constraints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ilsweep.analysis.findings.finding import critical_of
from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.findings.trial_diagnosis import diagnose_trial
from ilsweep.analysis.metrics.objectives import objectives_of
from ilsweep.analysis.ranking.configurations import Configuration as Group
from ilsweep.analysis.ranking.health import ill_and_known, with_health
from ilsweep.analysis.ranking.rows import row_of
from ilsweep.analysis.records.model import TrialRecord, read_trial
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.search.trials import Configuration
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.spec.trial_config import trial_id

CONSTRAINED = ("tpe", "gp", "nsgaii")
"""Samplers of Optuna's that go by constraints."""


def constraint(plan: Plan, paths: SweepPaths) -> Callable[[Configuration], float] | None:
    """`violation` of a configuration whose trials have ended, by their records.

    None where the search knows no constraints, or where a trial's parameters change on its way
    (population-based training): its end says nothing of the configuration that was drawn.
    """
    search, spec = plan.spec.search, plan.spec.model_dump(mode="json")
    if search.algorithm != "optuna" or search.sampler not in CONSTRAINED:
        return None
    if plan.spec.scheduler.type == "pbt":
        return None

    def recorded(known: Configuration) -> float:
        names = [trial_id(known.config_id, seed) for seed in known.seeds]
        return violation([read_trial(paths.trial(name)) for name in names], spec)

    return recorded


def violation(trials: Sequence[TrialRecord], spec: Mapping[str, Any]) -> float:
    """How far the trials of a configuration are from health, -1 to 1; above 0 is infeasible.

    The share of the unhealthy among the trials of which something is known, from -1 of none to 1 of
    all. 0 where nothing is known, or where its measured success contradicts the findings.
    """
    limits = resolve(spec.get("thresholds"))
    critical = critical_of([f for t in trials for f in diagnose_trial(t, limits).findings])
    group = Group(trials[0].config_id, tuple(trials), ())
    row = row_of(group, objectives_of(spec, trials), critical)
    ill, known = map(len, ill_and_known(trials, critical))
    share = 2 * ill / known - 1 if known else 0.0
    (row,) = with_health([row], {trial.id: trial for trial in trials}, critical)
    return min(share, 0.0) if row.healthy else share
