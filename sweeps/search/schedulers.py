"""A spec's `scheduler` as Ray Tune's: when a trial is ended early, or changed on its way."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import (
    AsyncHyperBandScheduler,
    FIFOScheduler,
    MedianStoppingRule,
    PopulationBasedTraining,
    TrialScheduler,
)

from ilsweep.analysis.records.model import TrialRecord
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.spec.trial_config import TuneConfig

NOBODY = SimpleNamespace(get_live_trials=list)
"""A controller without trials, for those of earlier sessions."""


class SeenTrial:
    """A trial as its scheduler knows it: the same one in every session."""

    def __init__(self, trial_id: str) -> None:
        self.trial_id = trial_id
        self.reached = -math.inf
        """Last step that was shown."""
        self.reports = 0
        """Values that were shown."""
        self.stop = False
        """Was to be stopped by what was shown, and was not."""


class SessionScheduler(FIFOScheduler):
    """A scheduler that judges trials by what all sessions of a sweep saw of them.

    Tune gives a trial another identity in each session, and a trial that goes on from a checkpoint
    reports again what was seen before. With `by_reports` the values of the objective are counted,
    whatever steps they are of.
    """

    def __init__(self, rule: TrialScheduler, *, by_reports: bool = False) -> None:
        super().__init__()
        self._rule, self._metric, self._by_reports = rule, rule.metric, by_reports
        self._known: dict[str, SeenTrial] = {}

    def set_search_properties(self, metric: str | None, mode: str | None, **spec: Any) -> bool:
        return bool(self._rule.set_search_properties(metric, mode, **spec))

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        self._added(tune_controller, trial.config["trial"].id)

    def _added(self, controller: Any, name: str) -> SeenTrial:
        if name not in self._known:
            self._known[name] = SeenTrial(name)
            self._rule.on_trial_add(controller, self._known[name])
        return self._known[name]

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        return self._show(tune_controller, self._known[trial.config["trial"].id], result)

    def _show(self, controller: Any, known: SeenTrial, result: dict[str, Any]) -> str:
        if known.stop:
            return str(TrialScheduler.STOP)
        if self._metric not in result or result["step"] <= known.reached:
            return str(TrialScheduler.CONTINUE)
        known.reached = result["step"]
        known.reports += 1
        if self._by_reports:
            result = {**result, "step": known.reports}
        return str(self._rule.on_trial_result(controller, known, result))

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        self._rule.on_trial_complete(tune_controller, self._known[trial.config["trial"].id], result)

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        """It was stopped, or its worker was lost: what it showed counts on."""

    def replay(self, trials: list[TrialRecord], metric: str) -> None:
        """Show the trials of earlier sessions, in the order in which they ended."""
        for trial in sorted(trials, key=lambda t: (not t.finished, t.ended, t.id)):
            curve = trial.curve(metric)
            if trial.state == "pending" or not len(curve):
                continue
            known, verdict, result = self._added(NOBODY, trial.id), "", {}
            for step, value in zip(curve.steps.tolist(), curve.values.tolist(), strict=True):
                result = {"step": step, "objective": value}
                verdict = self._show(NOBODY, known, result)
            if trial.finished:
                self._rule.on_trial_complete(NOBODY, known, result)
            known.stop = not trial.finished and verdict == TrialScheduler.STOP

    def debug_string(self) -> str:
        return str(self._rule.debug_string())


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
) -> TrialScheduler:
    """Ray Tune's scheduler for a spec; it compares the first objective by step or report.

    Args:
        trials: Those of earlier sessions; population-based training works on live ones alone.
        changed: Hears which trial population-based training changed, and its last own step.
    """
    asked = plan.spec.scheduler
    objective = plan.spec.objectives[0]
    common = {"time_attr": "step", "metric": "objective", "mode": objective.mode}
    if asked.type == "none":
        return FIFOScheduler()
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
    judge = SessionScheduler(rule, by_reports=asked.grace_reports is not None)
    judge.replay(trials, objective.metric)
    return judge
