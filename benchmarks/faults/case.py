"""A case: one way to train, and what must and must not be found in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from benchmarks.faults.world import World
from ilsweep.trainers.core.contract import Trainer
from ilsweep.trainers.core.registry import load
from ilsweep.trainers.envs.aloha.config import DataConfig
from ilsweep.trainers.envs.metaworld.config import MetaWorldConfig

Data = World | DataConfig | MetaWorldConfig
Half = Literal["set", "judged"]
"""Of the runs: those on which thresholds were set, and those on which they are judged."""
MADE_UP = "made-up"
MADE_UP_SWEEPS = "made-up sweeps"
SET_ON: Mapping[str, range] = {
    MADE_UP: range(3),
    "transfer_cube": range(3),
    MADE_UP_SWEEPS: range(50),
    "dial-turn-v3": range(2),
    "door-lock-v3": range(2),
}
"""World to the seeds on which thresholds may be set; no other run may be looked at for one."""


def half_of(world: str, seed: int) -> Half:
    """The half to which a run belongs."""
    return "set" if seed in SET_ON.get(world, ()) else "judged"


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
    data: Data = field(default_factory=World)
    """Made up, or recorded in a simulator."""
    plants: frozenset[str] = frozenset()
    """Findings that it must produce."""
    clean: frozenset[str] = frozenset()
    """Findings that it must not produce."""
    seeds: int = 5
    """The most that it is trained with; fewer where a training takes minutes."""
    fails: bool = False
    """Whether its policies must fail where they act. Healthy ones that act must succeed."""

    def __post_init__(self) -> None:
        both = self.plants & self.clean
        if both:
            raise ValueError(f"{self.name}: both planted and clean of {sorted(both)}")

    @property
    def trainer_class(self) -> type[Trainer]:
        """The class that trains it."""
        return load(self.trainer)

    @property
    def world(self) -> str:
        """Where its demonstrations are from: a simulator's task, or made up."""
        if isinstance(self.data, World):
            return MADE_UP
        pixels = " (pixels)" if self.data.observation == "images" else ""
        return self.data.task + pixels

    def data_of(self, seed: int) -> Data:
        """What a run trains on: every seed has made-up demonstrations of its own; what a simulator
        recorded is the same for all."""
        if isinstance(self.data, World):
            return replace(self.data, seed=self.data.seed + seed)
        return self.data

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
