"""Trainers whose configurations are peculiar about the points of a space."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import computed_field, model_validator

from benchmarks.regression import Regression
from ilsweep.trainers.core.contract import TrainerConfig, param


class AnythingConfig(TrainerConfig):
    """Takes any value as it stands."""

    x: Any = param(None)
    """Whatever it is."""


class Anything(Regression):
    """A trainer with a parameter of any type."""

    Config = AnythingConfig


class IgnoresConfig(TrainerConfig):
    """The rate is used by wide networks only."""

    width: int = param(8, gt=0)
    """Width."""

    @model_validator(mode="before")
    @classmethod
    def _narrow_has_its_rate(cls, values: Any) -> Any:
        return {**values, "lr": 0.1} if values.get("width") == 4 else values


class Ignores(Regression):
    """Two points of its space are one training."""

    Config = IgnoresConfig


class NeedsConfig(TrainerConfig):
    """Has parameters without a default."""

    gamma: float = param(..., gt=0)
    """Must be given."""
    kind: Literal["a", "b"] = param(...)
    """Must be given."""


class Needs(Regression):
    """A trainer that has to be told something."""

    Config = NeedsConfig


class DividesConfig(TrainerConfig):
    """Two parameters have to go together."""

    dim: int = param(100, gt=0)
    """Multiple of the heads."""
    heads: int = param(3, gt=0)
    """Heads."""

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if self.dim % self.heads:
            raise ValueError("dim must be a multiple of heads")
        return self


class Divides(Regression):
    """Not every point of a space is one that it takes; its defaults are none."""

    Config = DividesConfig


class ComputesConfig(TrainerConfig):
    """Writes more than it takes."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def half(self) -> float:
        return self.lr / 2


class Computes(Regression):
    """A trainer whose configuration cannot be sent to a worker as it dumps itself."""

    Config = ComputesConfig
