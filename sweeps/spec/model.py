"""A sweep as its YAML says it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
)

from ilsweep.analysis.records.joint import names_of
from ilsweep.sweeps.spec.command import Command, Section
from ilsweep.sweeps.spec.params import flat

NAME, WANDB_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", r"^[^/\\#?%:\p{C}]{0,128}$"
PATTERNS = {
    NAME: "letters, digits, '.', '_' and '-', at most 64, a letter or a digit first",
    WANDB_NAME: "at most 128 characters, without / \\ # ? % :",
}
"""In words."""
Name = Annotated[str, Field(pattern=NAME)]

WandbName = Annotated[str, Field(pattern=WANDB_NAME)]
"""What wandb takes: it refuses other names, and only once the sweep runs."""


class Race(Section):
    """Seeds are added only where they can change which configuration is best."""

    at_least: int = Field(ge=1, le=1000, strict=True)
    """Every configuration is trained with the seeds 0, 1, ... up to so many."""
    at_most: int = Field(ge=2, le=1000, strict=True)
    """No configuration is trained with more."""
    smallest_effect: float | None = Field(None, gt=0)
    """In the objective's unit: seeds are not spent on smaller differences."""
    finalists: int | None = Field(None, ge=2)
    """So many of the best get more than the first seeds; not given: 8 of a search by Optuna, which
    gathers near the best, and all of a grid or of random draws."""

    @field_validator("at_most")
    @classmethod
    def _above_the_least(cls, at_most: int, info: ValidationInfo) -> int:
        if at_most <= info.data.get("at_least", 0):
            raise ValueError("must be more than at_least")
        return at_most


class Objective(Section):
    """What makes a configuration good."""

    metric: str
    """Metric that is compared, at the end of the training, averaged over the seeds."""
    mode: Literal["min", "max"]
    """Whether a small or a large value is good."""


class Search(Section):
    """How configurations are chosen."""

    algorithm: Literal["grid", "random", "optuna"] | None = None
    """Every combination once, independent draws, or one of Optuna's samplers. Not given: the grid
    where all domains are lists and their combinations are at most 20 or `num_trials`; else
    Optuna."""
    sampler: Literal["tpe", "gp", "cmaes", "qmc", "nsgaii"] = "tpe"
    """Optuna's sampler; nsgaii for several objectives."""
    num_trials: int | None = Field(None, gt=0)
    """Number of configurations, each trained with every seed (10 where it is not given); a grid has
    its own number."""
    seed: int = Field(0, ge=0)
    """Seed of the search itself."""


class Scheduler(Section):
    """When a trial is ended early. Steps are optimiser steps."""

    type: Literal["none", "asha", "median", "pbt"] = "none"
    """Never, successive halving, median stopping, or population-based training."""
    grace_steps: int = Field(500, gt=0)
    """No trial is ended before (for pbt: none is changed before)."""
    grace_reports: int | None = Field(None, gt=0)
    """asha, median: instead of steps, so many values of the objective; rungs count them, too."""
    reduction_factor: float = Field(3, ge=1.1)
    """asha: one in so many goes on at each rung."""
    perturb_every: int = Field(500, gt=0)
    """pbt: steps between two changes of a trial."""


class Resources(Section):
    """What one trial takes."""

    cpu: float = Field(1, ge=0.01)
    """CPUs, which also bounds the trial's threads; a fraction lets several trials share one."""
    gpu: float = Field(0, ge=0)
    """GPUs; a fraction lets several trials share one."""

    @property
    def threads(self) -> int:
        """Of one trial."""
        return max(1, int(self.cpu))

    @field_validator("gpu")
    @classmethod
    def _whole_above_one(cls, gpu: float) -> float:
        if 0 < gpu < 0.01 or (gpu > 1 and gpu % 1):
            raise ValueError("must be 0, a fraction from 0.01 to 1, or a whole number")
        return gpu


class Limits(Section):
    """When a trial is ended because it takes too long; it has failed then, and is not repeated."""

    trial_s: float | None = Field(None, gt=0)
    """Seconds that a trial may take in all, its preparation and earlier attempts included."""
    silent_s: float | None = Field(None, gt=0)
    """Seconds that may pass without a report: an evaluation with rollouts takes long, too."""


class Hypothesis(Section):
    """A claim that the sweep tests."""

    claim: str
    """The claim in words."""
    param: str
    """The parameter that is said to matter."""
    metric: str
    """The metric that is said to follow it."""
    expect: Literal["increase", "decrease", "no_effect"]
    """What the metric does as the parameter grows."""
    smallest_effect: float | None = Field(None, gt=0)
    """The smallest effect of interest, in the metric's unit, set before the data: a smaller one
    counts as none. Without it, only metrics of which the catalogue has one can be shown absent."""
    looks: int = Field(0, ge=0, le=20)
    """Earlier stages that looked at this claim and left it undecided (`ilsweep next` counts); they
    have spent a part of its error rate."""


class Reference(Section):
    """A configuration that is known to work."""

    params: dict[str, Any] = Field(default_factory=dict)
    """Parameters of the trainer, nested or dotted, in place of those under `params`."""


class ControlsSection(Section):
    """What shows that the sweep could see success and failure; the other controls need no words."""

    reference: Reference | None = None
    """Is trained before the search, and must succeed."""


class Wandb(Section):
    """Where curves go beside the sweep's folder."""

    mode: Literal["offline", "online", "disabled"] = "offline"
    """offline: one run a trial in its folder; online needs a key of wandb's."""
    project: WandbName = "ilsweep"
    """Project that the runs belong to."""
    entity: WandbName | None = None
    """Team that the project belongs to."""


Seed = Annotated[int, Field(ge=0, lt=2**63, strict=True)]


def _kind_of_seeds(value: object) -> str:
    return "Race" if isinstance(value, dict | Race) else "list[seed]"


def _kind_of_objective(value: object) -> str:
    return "list[Objective]" if isinstance(value, list) else "Objective"


Objectives = Annotated[
    Annotated[Objective, Tag("Objective")] | Annotated[list[Objective], Tag("list[Objective]")],
    Discriminator(_kind_of_objective),
]

Seeds = Annotated[
    Annotated[Race, Tag("Race")] | Annotated[list[Seed], Field(min_length=1), Tag("list[seed]")],
    Discriminator(_kind_of_seeds),
]


class SweepSpec(Section):
    """A sweep, as its YAML says it."""

    name: Name
    """Name of the sweep and of its folder."""
    question: str = ""
    """What the sweep is to answer, in one sentence; the report begins with it."""
    trainer: str
    """A ready trainer's name, `module:Class` of your own, or `command` for any command line."""
    command: Command | None = None
    """The command line, for `command` and the ready commands (`lerobot`, ...)."""
    data: dict[str, Any] = Field(default_factory=dict)
    """The demonstrations: source, task, episodes, cameras, ..."""
    params: dict[str, Any] = Field(default_factory=dict)
    """Parameters of the trainer that stay fixed, nested or dotted."""
    space: dict[str, Any] = Field(default_factory=dict)
    """Parameters that vary, each with one of Ray Tune's domains; `a, b: {choice: [[1, 2], [3, 4]]}`
    vary together."""
    seeds: Seeds = [0]
    """A list, with each of which every configuration is trained once; or a race, which adds seeds
    only where they decide something."""
    objective: Objectives = Objective(metric="eval/offline_eval/avg_l1", mode="min")
    """One objective, or several for a Pareto front."""
    search: Search = Search()
    """How configurations are chosen."""
    scheduler: Scheduler = Scheduler()
    """When a trial is ended early."""
    resources: Resources = Resources()
    """What one trial takes."""
    limits: Limits = Limits()
    """When a trial is ended because it takes too long."""
    hypotheses: list[Hypothesis] = []
    """Claims that the sweep tests."""
    controls: ControlsSection = ControlsSection()
    """What shows that the sweep could see success and failure."""
    wandb: Wandb = Wandb()
    """Where curves go beside the sweep's folder."""
    keep_checkpoints: int | None = Field(None, ge=1)
    """Once the sweep has ended, checkpoints are kept of so many of the first configurations of the
    ranking, and the others' are removed; not given: the last of each trial is kept."""
    thresholds: dict[str, float] = {}
    """Numbers of the findings' rules that this sweep overrides."""
    warm_start: list[dict[str, Any]] = []
    """Configurations of the space that are tried first."""
    parent: str | None = None
    """The sweep that this one continues, where `ilsweep next` wrote it."""

    @field_validator("seeds")
    @classmethod
    def _each_seed_once(cls, seeds: list[int] | Race) -> list[int] | Race:
        seen: set[int] = set()
        for seed in seeds if isinstance(seeds, list) else ():
            if seed in seen:
                raise ValueError(f"each seed once; {seed} stands twice")
            seen.add(seed)
        return seeds

    @field_validator("objective")
    @classmethod
    def _each_metric_once(cls, objective: Objective | list[Objective]) -> Any:
        metrics = [one.metric for one in objective] if isinstance(objective, list) else []
        if twice := [metric for metric in metrics if metrics.count(metric) > 1]:
            raise ValueError(f"each metric once; {twice[0]} stands twice")
        return objective

    @property
    def race(self) -> Race | None:
        """How seeds are added; None where every configuration has the same."""
        return self.seeds if isinstance(self.seeds, Race) else None

    @property
    def first_seeds(self) -> list[int]:
        """Those of every configuration."""
        return list(range(self.seeds.at_least)) if isinstance(self.seeds, Race) else self.seeds

    @property
    def all_seeds(self) -> list[int]:
        """Those that a configuration may have."""
        return list(range(self.seeds.at_most)) if isinstance(self.seeds, Race) else self.seeds

    def most_trials(self, configurations: int) -> int:
        """Of so many configurations."""
        trials = configurations * len(self.first_seeds)
        if self.race is None:
            return trials
        racing = min(configurations, self.race.finalists or configurations)
        return trials + racing * (self.race.at_most - self.race.at_least)

    @property
    def varied(self) -> list[str]:
        """The parameters that vary, those of a joint dimension one by one."""
        names = (name for dimension in self.space for name in names_of(str(dimension)))
        return list(dict.fromkeys(names))

    @property
    def fixed(self) -> dict[str, Any]:
        """`params` by dotted names, without those that vary."""
        varied = set(self.varied)
        return {name: value for name, value in flat(self.params).items() if name not in varied}

    @property
    def objectives(self) -> list[Objective]:
        return self.objective if isinstance(self.objective, list) else [self.objective]
