"""A spec that has been checked, as it is meant: what is trained, how often and how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ilsweep.analysis.formatting import how_many
from ilsweep.analysis.records.identity import configuration_key
from ilsweep.analysis.records.joint import expanded, names_of
from ilsweep.sweeps.spec.description import TrainerDescription
from ilsweep.sweeps.spec.domains import Domain, by_parameter, points_of
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.sweeps.spec.params import flat, nested, of_data, of_trainer
from ilsweep.sweeps.spec.templates import as_text
from ilsweep.sweeps.spec.trial_config import ServerAddress, SharedConfig, TrialConfig, trial_id
from ilsweep.trainers.core.contract import Params


@dataclass(frozen=True)
class Plan:
    """A spec that has been checked, with what its words mean."""

    spec: SweepSpec
    trainer: TrainerDescription
    fixed: dict[str, Any]
    """Fixed parameters of the trainer, by dotted name."""
    dimensions: dict[str, Domain]
    """What is drawn: a varied parameter, or some that vary together (`analysis.records.joint`)."""
    configurations: int
    """How many are trained: no more than the space has points."""
    requested: int
    """How many the spec asks for."""
    warm_start: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def space(self) -> dict[str, Domain]:
        """Varied parameters, each with its own values; `data.` ones vary the demonstrations."""
        return dict(by_parameter(self.dimensions))

    @property
    def trials(self) -> int:
        """How many are trained in all: each configuration with each of the first seeds."""
        return self.configurations * len(self.spec.first_seeds)

    @property
    def most_trials(self) -> int:
        """How many there can be; more than `trials` where seeds are raced."""
        return self.spec.most_trials(self.configurations)

    @property
    def points(self) -> int | None:
        """How many points the space has; None where they are not counted."""
        return points_of(self.dimensions)

    @property
    def search_text(self) -> str:
        """How configurations are chosen, and how many of those that exist are trained."""
        search, points = self.spec.search, self.points
        if self.warm_start and len(self.warm_start) >= self.configurations:
            return f"search: none, {how_many(self.configurations, 'configuration')} of warm_start"
        how = f"optuna ({search.sampler})" if search.algorithm == "optuna" else search.algorithm
        if points is None:
            return f"search: {how}, {self.configurations} configurations of a continuous space"
        exist = "1 exists" if points == 1 else f"{points} exist"
        asked = f" ({self.requested} requested, {exist})" if self.requested > points else ""
        if self.configurations == points:
            each = "the 1 point" if points == 1 else f"each of the {points} points"
            return f"search: {how}, {each} once{asked}"
        whole = all(domain.kind.listed for domain in self.dimensions.values())
        more = "; search: {algorithm: grid} trains all" if whole else ""
        return f"search: {how}, {self.configurations} of {points} points{more}"

    def ends(self) -> list[dict[str, Any]]:
        """The two ends of the space, those that the trainer takes; one where nothing is searched.

        Where the trainer takes neither, an empty point.
        """
        ends = []
        for end in (0, -1):
            point = expanded({n: domain.extremes()[end] for n, domain in self.dimensions.items()})
            try:
                self.config(point)
            except ValidationError:  # ends that do not go together
                continue
            ends += [point] if point not in ends else []
        return ends or [{}]

    def config(self, searched: Mapping[str, Any]) -> Params:
        """The trainer's configuration for one point of the space.

        Raises:
            ValidationError: the trainer refuses the point as a whole.
        """
        return self.trainer.Config(**nested({**self.fixed, **of_trainer(searched)}))

    def data(self, searched: Mapping[str, Any]) -> dict[str, Any]:
        """The demonstrations' configuration for one point of the space."""
        return {**self.spec.data, **of_data(searched)}

    def parameters(self, searched: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter by dotted name for one point of the space, as it is trained with.

        As written where the trainer refuses the point as a whole.
        """
        given = {**self.fixed, **of_trainer(searched)}
        try:
            params = flat(self.config(searched).model_dump(mode="json"))
        except ValidationError:
            return given
        if self.spec.command is None:
            return params
        # Parameters not passed to an external script keep that script's defaults; omit them.
        return {name: v for name, v in params.items() if v is not None or name in given}

    def trial(
        self, searched: Mapping[str, Any], seed: int, config_id: str = "c0000"
    ) -> TrialConfig:
        """One trial of the sweep: a point of the space with a seed."""
        return TrialConfig(
            id=trial_id(config_id, seed),
            config_id=config_id,
            seed=seed,
            params=self.parameters(searched),
            steps=self.steps(searched),
            searched=dict(searched),
            configuration=self.configuration(searched),
            data=self.data(searched),
        )

    def shared(self, root: Path, server: ServerAddress | None = None) -> SharedConfig:
        """What all trials of the sweep in `root` share."""
        resources = self.spec.resources
        return SharedConfig(
            trainer=self.spec.trainer,
            root=str(root),
            objectives=tuple(objective.metric for objective in self.spec.objectives),
            claimed=tuple(claim.metric for claim in self.spec.hypotheses),
            threads=resources.threads,
            gpus=resources.gpu,
            command=self.spec.command,
            given=(*self.fixed, *of_trainer(self.space)),
            server=server,
            copies=self.spec.scheduler.type == "pbt",
        )

    def configuration(self, searched: Mapping[str, Any]) -> str:
        """The key of what one point of the space trains (`analysis.records.identity`)."""
        params, command = self.parameters(searched), self.spec.command
        if command is None:
            return configuration_key(params, _as_read(self.data(searched)), self.spec.trainer)
        if self.spec.trainer == "command" and not command.config:
            params = {name: as_text(value) for name, value in params.items()}
        passed = command.model_dump(mode="json", include=PASSED)
        return configuration_key(params, trainer=self.spec.trainer, command=passed)

    def steps(self, searched: Mapping[str, Any]) -> int:
        """Length of the training at one point of the space."""
        default = self.trainer.Config.model_fields["steps"].default
        return int(searched.get("steps", self.fixed.get("steps", default)))

    @property
    def work(self) -> tuple[int, int]:
        """Optimiser steps of all trials together, at least and at most, where none ends early.

        They are one where each of the values of `steps` is trained equally often.
        """
        more, longest = self.most_trials - self.trials, self.longest
        least, most = self._work_of_first_seeds
        return least, most + more * longest

    @property
    def _work_of_first_seeds(self) -> tuple[int, int]:
        found = next(((n, d) for n, d in self.dimensions.items() if "steps" in names_of(n)), None)
        if found is None:
            return (self.trials * self.steps({}),) * 2
        dimension, domain = found
        evenly = self.configurations == self.points or (
            domain.name == "grid_search" and self.configurations == self.requested
        )
        if evenly and domain.count:
            points = [expanded({dimension: domain.nth(i)}) for i in range(domain.count)]
            values = [self.steps(point) for point in points]
            return (self.trials // len(values) * sum(values),) * 2
        ends = [self.steps(expanded({dimension: end})) for end in domain.extremes()]
        return self.trials * min(ends), self.trials * max(ends)

    @property
    def longest(self) -> int:
        """The longest training of the space, in optimiser steps."""
        domain = self.space.get("steps")
        ends = domain.extremes() if domain else ()
        return max(self.steps({"steps": end}) for end in ends) if ends else self.steps({})


PASSED = {"argv", "args", "env", "cwd", "environment", "config", "version"}
"""Keys of `command` that say what is run; the others say how it is watched."""


def _as_read(data: Mapping[str, Any]) -> dict[str, Any]:
    """Demonstrations with their defaults, so that `10` and `10.0` episodes are the same ones."""
    from ilsweep.trainers.data.sources import kind_of

    try:
        return kind_of(data).model_validate(data).model_dump(mode="json") if data else {}
    except ValidationError:
        return dict(data)
