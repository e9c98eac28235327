"""A spec's `search` and `scheduler` as Ray Tune's, with an Optuna study that is told the truth.

Tune's own OptunaSearch tells Optuna COMPLETE for trials that a scheduler ended early. Here one
study in the sweep's folder holds every algorithm's sweep; a configuration is asked for once, runs
with all its seeds, and is told when the last of them ends: COMPLETE with the mean over the seeds,
PRUNED with its intermediate values, or FAIL. The study is derived from the records: a resumed sweep
writes it anew, so that nothing a kill left half told can stay in it.
"""

from __future__ import annotations

import itertools
import warnings
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from ray.tune.schedulers import (
    AsyncHyperBandScheduler,
    FIFOScheduler,
    MedianStoppingRule,
    PopulationBasedTraining,
    TrialScheduler,
)
from ray.tune.search import Searcher

from analysis.records import TrialRecord
from sweeps.cautious import CautiousTPESampler
from sweeps.spec import Plan
from sweeps.units import TrialPlan, Unit, absorb, config_id, trial_id

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

STATES = {
    "COMPLETE": TrialState.COMPLETE,
    "PRUNED": TrialState.PRUNED,
    "FAIL": TrialState.FAIL,
}
optuna.logging.set_verbosity(optuna.logging.ERROR)


def sampler(plan: Plan, asked: int) -> BaseSampler:
    """The Optuna sampler of a spec. A resumed one is seeded anew, or it would repeat itself."""
    from optuna import samplers

    search = plan.spec.search
    seed = search.seed + 1_000_003 * asked
    if search.algorithm != "optuna":
        return samplers.RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.simplefilter("ignore", FutureWarning)
        made: dict[str, Callable[[], BaseSampler]] = {
            "tpe": lambda: CautiousTPESampler(seed=seed, multivariate=True),
            "gp": lambda: samplers.GPSampler(seed=seed),
            "cmaes": lambda: samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
            # A quasi-random sequence is continued, not begun anew.
            "qmc": lambda: samplers.QMCSampler(
                seed=search.seed, scramble=True, warn_independent_sampling=False
            ),
            "nsgaii": lambda: samplers.NSGAIISampler(seed=seed),
        }
        return made[search.sampler]()


class Study:
    """The sweep's Optuna study: ask for a configuration, tell what became of it."""

    def __init__(self, plan: Plan, path: Path, trials: list[TrialRecord]) -> None:
        self.plan = plan
        self.metrics = [objective.metric for objective in plan.spec.objectives]
        self.units: dict[str, Unit] = {}
        self._distributions = {name: d.distribution() for name, d in plan.space.items()}
        path.unlink(missing_ok=True)
        # Every process that could hold the lock of an earlier run is dead: the folder is ours.
        Path(f"{path}.lock").unlink(missing_ok=True)
        known = _by_configuration(trials)
        self._study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(path))),
            study_name=plan.spec.name,
            directions=["minimize" if o.mode == "min" else "maximize"
                        for o in plan.spec.objectives],
            sampler=sampler(plan, len(known)),
        )  # fmt: skip
        self._grid = self._combinations()
        self._warm = deque(plan.warm_start)
        for config, records in known.items():
            self._restore(config, records)

    @property
    def asked(self) -> int:
        return len(self.units)

    def unfinished(self, trials: list[TrialRecord]) -> list[TrialPlan]:
        """The trials of restored configurations that have not ended, started ones first."""
        attempts = {trial.id: trial.attempt for trial in trials if trial.state != "pending"}
        searched = {trial.config_id: trial.searched for trial in trials}
        plans = [
            TrialPlan(
                id=trial_id(unit.config_id, seed),
                config_id=unit.config_id,
                seed=seed,
                searched=searched[unit.config_id],
                attempt=attempts.get(trial_id(unit.config_id, seed), 0) + 1,
            )
            for unit in self.units.values()
            for seed in unit.seeds
            if seed not in unit.states
        ]
        return sorted(plans, key=lambda plan: plan.attempt == 1)

    def ask(self) -> list[TrialPlan]:
        """The trials of one more configuration, one a seed."""
        number = self.asked
        if self._warm and number < len(self.plan.warm_start):
            point = self.plan.warm_start[number]
            raw = {name: self.plan.space[name].raw(value) for name, value in point.items()}
            self._study.enqueue_trial(raw)
        elif self._grid:
            self._study.enqueue_trial(self._grid[number % len(self._grid)])
        trial = self._study.ask(self._distributions)
        searched = {name: self.plan.space[name].value(raw) for name, raw in trial.params.items()}
        return self._open(config_id(number), trial.number, searched)

    def tell(self, unit: Unit) -> None:
        """What became of a configuration, once all its trials have ended."""
        trial = optuna.trial.Trial(self._study, self._id_of(unit.number))
        if len(self.metrics) == 1:
            for step, value in unit.intermediate().items():
                trial.report(value, step)
        for seed in unit.seeds:
            trial.set_user_attr(trial_id(unit.config_id, seed), unit.states.get(seed))
        values = unit.values() if unit.outcome == "COMPLETE" else None
        self._study.tell(unit.number, values, state=STATES[unit.outcome])

    def _id_of(self, number: int) -> int:
        return self._study._storage.get_trial_id_from_study_id_trial_number(
            self._study._study_id, number
        )

    def _open(self, config: str, number: int, searched: dict[str, Any]) -> list[TrialPlan]:
        seeds = self.plan.spec.seeds
        self.units[config] = Unit(config, number, list(seeds))
        trial = optuna.trial.Trial(self._study, self._id_of(number))
        trial.set_user_attr("config_id", config)
        return [TrialPlan(trial_id(config, seed), config, seed, searched) for seed in seeds]

    def _combinations(self) -> list[dict[str, Any]]:
        """Raw values of every grid point: all lists for a grid, grid_search domains else."""
        everything = self.plan.spec.search.algorithm == "grid"
        lists = {
            name: [domain.raw(value) for value in domain.values]
            for name, domain in self.plan.space.items()
            if domain.name == "grid_search" or (everything and domain.kind.listed)
        }
        return [
            dict(zip(lists, point, strict=True)) for point in itertools.product(*lists.values())
        ]

    def _restore(self, config: str, records: list[TrialRecord]) -> None:
        searched = records[0].searched
        raw = {name: self.plan.space[name].raw(value) for name, value in searched.items()}
        self._study.enqueue_trial(raw)
        trial = self._study.ask(self._distributions)
        self._open(config, trial.number, searched)
        unit = self.units[config]
        for record in records:
            absorb(unit, record, self.metrics)
        if unit.finished:
            self.tell(unit)


def _by_configuration(trials: list[TrialRecord]) -> dict[str, list[TrialRecord]]:
    groups: dict[str, list[TrialRecord]] = {}
    for trial in sorted(trials, key=lambda trial: trial.id):
        groups.setdefault(trial.config_id, []).append(trial)
    return groups


class UnitSearcher(Searcher):
    """Ray Tune's view of the study: hands out trials one by one, gathers what became of them."""

    def __init__(self, study: Study, first: list[TrialPlan], configurations: int) -> None:
        objective = study.plan.spec.objectives[0]
        super().__init__(metric="objective", mode=objective.mode)
        self._study = study
        self._queue = deque(first)
        self._configurations = configurations
        self._running: dict[str, TrialPlan] = {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        if not self._queue and self._study.asked < self._configurations:
            self._queue.extend(self._study.ask())
        if not self._queue:
            return str(Searcher.FINISHED)
        trial = self._queue.popleft()
        self._running[trial_id] = trial
        return {
            "id": trial.id,
            "config_id": trial.config_id,
            "seed": trial.seed,
            "attempt": trial.attempt,
            "searched": trial.searched,
        }

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        trial = self._running[trial_id]
        unit = self._study.units[trial.config_id]
        if "objective" in result:
            unit.curves.setdefault(trial.seed, {})[result["step"]] = result["objective"]
        finals = unit.finals.setdefault(trial.seed, [float("nan")] * len(self._study.metrics))
        for i, name in enumerate(self._study.metrics):
            finals[i] = result["metrics"].get(name, finals[i])

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        trial = self._running.get(trial_id)
        if trial is None:
            return
        unit = self._study.units[trial.config_id]
        if result and "metrics" in result:
            self.on_trial_result(trial_id, result)
        state = (result or {}).get("state", "running")
        if error or state == "failed":
            unit.states[trial.seed] = "failed"
        else:
            unit.states[trial.seed] = "completed" if state == "completed" else "stopped"
        del self._running[trial_id]
        if unit.finished:
            self._study.tell(unit)

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: the sweep's folder holds it all."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore: `Study` is made from the records."""


class Ghost:
    """A trial of an earlier session, as a scheduler knows trials: by identity and `trial_id`."""

    def __init__(self, trial_id: str) -> None:
        self.trial_id = trial_id


def remember(scheduler: TrialScheduler, plan: Plan, trials: list[TrialRecord]) -> None:
    """Show a scheduler the trials that ended before this session, or it would judge without them.

    Population-based training works on live trials alone.
    """
    if plan.spec.scheduler.type not in ("asha", "median"):
        return
    metric = plan.spec.objectives[0].metric
    nobody = SimpleNamespace(get_live_trials=list)
    for trial in trials:
        curve = trial.curve(metric)
        if not trial.finished or not len(curve):
            continue
        ghost = Ghost(trial.id)
        scheduler.on_trial_add(nobody, ghost)
        for step, value in zip(curve.steps.tolist(), curve.values.tolist(), strict=True):
            result = {"step": step, "objective": value}
            scheduler.on_trial_result(nobody, ghost, result)
        scheduler.on_trial_complete(nobody, ghost, result)


class Population(PopulationBasedTraining):
    """Tune's population-based training; a trial that copies another stays who it is.

    Tune hands the whole configuration of the better trial over, identity and seed included, and its
    factors 0.8 and 1.2 leave the space; both are mended here. It also refuses searchers, which
    would fight it over the parameters; ours only draws the first population.
    """

    def __init__(self, plan: Plan, **options: Any) -> None:
        super().__init__(**options)
        self._space = plan.space

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        super().on_trial_add(SimpleNamespace(search_alg=None), trial)

    def _get_new_config(self, trial: Any, trial_to_clone: Any) -> tuple[dict[str, Any], Any]:
        config, operations = super()._get_new_config(trial, trial_to_clone)
        searched = {
            name: self._space[name].clip(value) for name, value in config["searched"].items()
        }
        identity = {name: trial.config[name] for name in ("id", "config_id", "seed", "attempt")}
        return {**config, **identity, "searched": searched}, operations


def scheduler(plan: Plan) -> TrialScheduler:
    """Ray Tune's scheduler for a spec; it compares the first objective by optimiser step."""
    asked = plan.spec.scheduler
    objective = plan.spec.objectives[0]
    longest = max(plan.config({}).steps, asked.grace_steps)
    common = {"time_attr": "step", "metric": "objective", "mode": objective.mode}
    if asked.type == "asha":
        return AsyncHyperBandScheduler(
            **common,
            grace_period=asked.grace_steps,
            # One step more than there are: the last rung is the end of the training itself.
            max_t=longest + 1,
            reduction_factor=asked.reduction_factor,
        )
    if asked.type == "median":
        return MedianStoppingRule(
            **common, grace_period=asked.grace_steps, min_samples_required=3, hard_stop=True
        )
    if asked.type == "pbt":
        return Population(
            plan,
            **common,
            perturbation_interval=asked.perturb_every,
            burn_in_period=asked.grace_steps,
            hyperparam_mutations={
                "searched": {name: domain.to_tune() for name, domain in plan.space.items()}
            },
            require_attrs=False,
        )
    return FIFOScheduler()
