"""A case: one way to train, and what must and must not be found in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.faults.world import World
from ilsweep.trainers.core.contract import Trainer
from ilsweep.trainers.core.registry import load
from ilsweep.trainers.envs.aloha.config import DataConfig


@dataclass(frozen=True)
class Case:
    """Trained once with each seed."""

    name: str
    """Also the configuration's id in the records."""
    about: str
    """What is wrong with it, or that nothing is."""
    trainer: str
    """As a spec names it."""
    params: Mapping[str, Any]
    """By dotted name, over the trainer's defaults."""
    data: World | DataConfig | None = field(default_factory=World)
    """Made up, or recorded in the simulator; none for a trainer that needs none."""
    plants: frozenset[str] = frozenset()
    """Findings that it must produce."""
    clean: frozenset[str] = frozenset()
    """Findings that it must not produce."""

    def __post_init__(self) -> None:
        both = self.plants & self.clean
        if both:
            raise ValueError(f"{self.name}: both planted and clean of {sorted(both)}")

    @property
    def trainer_class(self) -> type[Trainer]:
        """The class that trains it."""
        return load(self.trainer)

    @property
    def findings(self) -> frozenset[str]:
        """What it says something about."""
        return self.plants | self.clean


def planted(name: str, about: str, *plants: str, **rest: Any) -> Case:
    """A case with a fault."""
    return Case(name, about, plants=frozenset(plants), **rest)


def healthy(name: str, about: str, clean: frozenset[str], **rest: Any) -> Case:
    """A case without the faults that `clean` would find."""
    return Case(name, about, clean=clean, **rest)
