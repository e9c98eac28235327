"""A spec's `scheduler` as Ray Tune's: when a trial is ended early, or changed on its way."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import (
    AsyncHyperBandScheduler,
    MedianStoppingRule,
    PopulationBasedTraining,
    TrialScheduler,
)

from ilsweep.analysis.records.model import TrialRecord
from ilsweep.sweeps.search.configuration_scheduler import ConfigurationScheduler, InOrder
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.spec.trial_config import TuneConfig


class Population(PopulationBasedTraining):
    """Tune's population-based training; a trial that copies another stays who it is.

    Tune hands the whole configuration of the better trial over, identity and seed included, and its
    factors 0.8 and 1.2 leave the space; both are mended here. It also refuses searchers, which
    would fight it over the parameters; ours only draws the first population. `changed` hears of
    each copy: the trial, its configuration and seed, and the last step that was its own.
    """

    def __init__(self, plan: Plan, changed: Callable[[str, int, int], None], **how: Any) -> None:
        super().__init__(**how)
        self._plan, self._changed = plan, changed

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        super().on_trial_add(SimpleNamespace(search_alg=None), trial)

    def _get_new_config(self, trial: Any, trial_to_clone: Any) -> tuple[dict[str, Any], Any]:
        config, operations = super()._get_new_config(trial, trial_to_clone)
        own: TuneConfig = trial.config
        space, known = self._plan.space, own["trial"]
        searched = {name: space[name].clip(value) for name, value in config["searched"].items()}
        self._changed(known.config_id, known.seed, self._trial_state[trial].last_train_time)
        made: TuneConfig = {
            "shared": own["shared"],
            "trial": self._plan.trial(searched, known.seed, known.config_id),
            "attempt": own["attempt"],
            "searched": searched,
            "changes": own.get("changes", 0) + 1,
            "copied_from": trial_to_clone.config["trial"].id,
        }
        return dict(made), operations


def scheduler(
    plan: Plan,
    trials: list[TrialRecord],
    changed: Callable[[str, int, int], None],
    *,
    pauses: bool = True,
) -> TrialScheduler:
    """Ray Tune's scheduler for a spec; it compares the first objective by step or report.

    Args:
        trials: Those of earlier sessions; population-based training works on live ones alone.
        changed: Hears which trial population-based training changed, and its last own step.
        pauses: Whether a trial can be paused, so that it waits for the configuration's other seeds.
    """
    asked = plan.spec.scheduler
    objective = plan.spec.objectives[0]
    common = {"time_attr": "step", "metric": "objective", "mode": objective.mode}
    if asked.type == "none":
        return InOrder()
    if asked.type == "pbt":
        return Population(
            plan,
            changed,
            **common,
            perturbation_interval=asked.perturb_every,
            burn_in_period=asked.grace_steps,
            hyperparam_mutations={
                "searched": {name: domain.to_tune() for name, domain in plan.space.items()}
            },
            require_attrs=False,
        )
    rule: TrialScheduler
    grace = asked.grace_reports or asked.grace_steps
    if asked.type == "asha":
        rule = AsyncHyperBandScheduler(
            **common,
            grace_period=grace,
            # One step more than the longest training: the last rung is its own end.
            max_t=max(plan.longest, grace) + 1,
            reduction_factor=asked.reduction_factor,
        )
    else:
        rule = MedianStoppingRule(
            **common, grace_period=grace, min_samples_required=3, hard_stop=True
        )
    judge = ConfigurationScheduler(
        rule,
        plan.spec.first_seeds,
        milestones(plan),
        pauses=pauses,
        by_reports=asked.grace_reports is not None,
    )
    judge.replay(trials, objective.metric)
    return judge


def milestones(plan: Plan) -> list[float]:
    """Steps (or reports) at which the seeds of a configuration wait for each other.

    The rungs of asha; of the median rule, which compares at every report, the grace and its
    doublings, so that a training is paused a few times at most.
    """
    asked, found = plan.spec.scheduler, []
    step = float(asked.grace_reports or asked.grace_steps)
    while step < plan.longest:
        found.append(step)
        step *= asked.reduction_factor if asked.type == "asha" else 2
    return found
