"""What is asked of a sweep: `SweepSpec` as its YAML says it, `Plan` as it is meant."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ilsweep.analysis.records.identity import configuration_key
from ilsweep.sweeps.spec.command import Command
from ilsweep.sweeps.spec.domains import Domain
from ilsweep.sweeps.spec.templates import as_text
from ilsweep.trainers.core.contract import TrainerConfig, TrainerSpec

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]

WandbName = Annotated[str, Field(pattern=r"^[^/\\#?%:\p{C}]{0,128}$")]
"""What wandb takes: it refuses other names, and only once the sweep runs."""


class Section(BaseModel):
    """A part of a spec that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Objective(Section):
    """What makes a configuration good."""

    metric: str
    """Metric that is compared, at the end of the training, averaged over the seeds."""
    mode: Literal["min", "max"]
    """Whether a small or a large value is good."""


class Search(Section):
    """How configurations are chosen."""

    algorithm: Literal["grid", "random", "optuna"] = "optuna"
    """Every combination, independent draws, or one of Optuna's samplers."""
    sampler: Literal["tpe", "gp", "cmaes", "qmc", "nsgaii"] = "tpe"
    """Optuna's sampler; nsgaii for several objectives."""
    num_trials: int | None = Field(None, gt=0)
    """Number of configurations, each trained with every seed; a grid has its own number."""
    seed: int = Field(0, ge=0)
    """Seed of the search itself."""


class Scheduler(Section):
    """When a trial is ended early. Steps are optimiser steps."""

    type: Literal["none", "asha", "median", "pbt"] = "none"
    """Never, successive halving, median stopping, or population-based training."""
    grace_steps: int = Field(500, gt=0)
    """No trial is ended before (for pbt: none is changed before)."""
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


class Wandb(Section):
    """Where curves go beside the sweep's folder."""

    mode: Literal["offline", "online", "disabled"] = "offline"
    """offline: one run a trial in its folder; online needs a key of wandb's."""
    project: WandbName = "ilsweep"
    """Project that the runs belong to."""
    entity: WandbName | None = None
    """Team that the project belongs to."""


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
    """Parameters that vary, each with one of Ray Tune's domains."""
    seeds: list[Annotated[int, Field(ge=0, lt=2**63, strict=True)]] = Field([0], min_length=1)
    """Every configuration is trained once with each."""
    objective: Objective | list[Objective] = Objective(
        metric="eval/offline_eval/avg_l1", mode="min"
    )
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
    wandb: Wandb = Wandb()
    """Where curves go beside the sweep's folder."""
    thresholds: dict[str, float] = {}
    """Numbers of the findings' rules that this sweep overrides."""
    warm_start: list[dict[str, Any]] = []
    """Configurations of the space that are tried first."""
    parent: str | None = None
    """The sweep that this one continues, where `ilsweep next` wrote it."""

    @field_validator("seeds")
    @classmethod
    def _each_seed_once(cls, seeds: list[int]) -> list[int]:
        seen: set[int] = set()
        for seed in seeds:
            if seed in seen:
                raise ValueError(f"each seed once; {seed} stands twice")
            seen.add(seed)
        return seeds

    @property
    def objectives(self) -> list[Objective]:
        return self.objective if isinstance(self.objective, list) else [self.objective]


@dataclass(frozen=True)
class Plan:
    """A spec that has been checked, with what its words mean."""

    spec: SweepSpec
    trainer: type[TrainerSpec]
    fixed: dict[str, Any]
    """Fixed parameters of the trainer, by dotted name."""
    space: dict[str, Domain]
    """Varied ones; names that begin with `data.` vary the demonstrations."""
    configurations: int
    """How many are trained: no more than the space has points."""
    asked: int
    """How many the spec asks for."""
    warm_start: list[dict[str, Any]] = field(default_factory=list)

    @property
    def trials(self) -> int:
        return self.configurations * len(self.spec.seeds)

    @property
    def points(self) -> int | None:
        """How many points the space has; None where they are not counted."""
        counts = [domain.count for domain in self.space.values()]
        return None if None in counts else math.prod(count or 1 for count in counts)

    def config(self, searched: Mapping[str, Any]) -> TrainerConfig:
        """The trainer's configuration for one point of the space."""
        mine = {name: value for name, value in searched.items() if not name.startswith("data.")}
        return self.trainer.Config(**nested({**self.fixed, **mine}))

    def data(self, searched: Mapping[str, Any]) -> dict[str, Any]:
        """The demonstrations' configuration for one point of the space."""
        mine = {name[5:]: value for name, value in searched.items() if name.startswith("data.")}
        return {**self.spec.data, **mine}

    def parameters(self, searched: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter by dotted name for one point of the space, as it is trained with; as
        written where the trainer refuses the point as a whole."""
        # What another program is not told keeps a default that we do not know.
        foreign = self.spec.command is not None
        try:
            dumped = self.config(searched).model_dump(mode="json", exclude_none=foreign)
        except ValidationError:
            mine = {name: v for name, v in searched.items() if not name.startswith("data.")}
            return {**self.fixed, **mine}
        return flat(dumped)

    def configuration(self, searched: Mapping[str, Any]) -> str:
        """The key of what one point of the space trains (`analysis.records.identity`)."""
        params, command = self.parameters(searched), self.spec.command
        if command is None:
            return configuration_key(params, _as_read(self.data(searched)), self.spec.trainer)
        if self.spec.trainer == "command" and not command.config:
            params = {name: as_text(value) for name, value in params.items()}
        told = command.model_dump(mode="json", include=TOLD)
        return configuration_key(params, trainer=self.spec.trainer, command=told)

    def steps(self, searched: Mapping[str, Any]) -> int:
        """Length of the training at one point of the space."""
        default = self.trainer.Config.model_fields["steps"].default
        return int(searched.get("steps", self.fixed.get("steps", default)))

    @property
    def work(self) -> tuple[int, int]:
        """Optimiser steps of all trials together, at least and at most, where none ends early.

        They are one where each of the values of `steps` is trained equally often.
        """
        domain = self.space.get("steps")
        if domain is None:
            return (self.trials * self.steps({}),) * 2
        evenly = self.configurations == self.points or (
            domain.name == "grid_search" and self.configurations == self.asked
        )
        if evenly and domain.count:
            values = [self.steps({"steps": domain.nth(i)}) for i in range(domain.count)]
            return (self.trials // len(values) * sum(values),) * 2
        ends = [self.steps({"steps": end}) for end in domain.extremes()]
        return self.trials * min(ends), self.trials * max(ends)

    @property
    def longest(self) -> int:
        """The longest training of the space, in optimiser steps."""
        domain = self.space.get("steps")
        ends = domain.extremes() if domain else ()
        return max(self.steps({"steps": end}) for end in ends) if ends else self.steps({})


TOLD = {"argv", "args", "env", "cwd", "environment", "config", "version"}
"""Keys of `command` that say what is run; the others say how it is watched."""


def _as_read(data: Mapping[str, Any]) -> dict[str, Any]:
    """Demonstrations with their defaults, so that `10` and `10.0` episodes are the same ones."""
    from ilsweep.trainers.data.sources import kind_of

    try:
        return kind_of(data).model_validate(data).model_dump(mode="json") if data else {}
    except ValidationError:
        return dict(data)


def flat(params: Mapping[str, Any]) -> dict[str, Any]:
    """Nested or dotted parameters, all dotted."""
    return dict(flat_items(params))


def flat_items(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in params.items():
        if isinstance(value, Mapping):
            yield from flat_items(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def nested(params: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted parameters as the nested ones that a configuration takes."""
    result: dict[str, Any] = {}
    for name, value in params.items():
        *groups, last = name.split(".")
        inner = result
        for group in groups:
            inner = inner.setdefault(group, {})
            if not isinstance(inner, dict):
                inner = {}
        inner[last] = value
    return result
