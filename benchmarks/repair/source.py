"""The made-up demonstrations as a data source that a spec can name, with their environment."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from benchmarks.faults.world import World, demonstrations
from benchmarks.repair.environment import MOST_STEPS, Reach, expert
from ilsweep.trainers.core.contract import param
from ilsweep.trainers.core.environment import EnvironmentSpec
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.data.source import DataSource, Progress, Say, Variant, quiet


class MadeUp(DataSource):
    """Which demonstrations a sweep trains on."""

    controls: ClassVar[tuple[str, ...]] = ("joint", "ee")
    has_groups: ClassVar[bool] = True
    actions_are: ClassVar[Literal["states", "changes"] | None] = "states"

    episodes: int = param(32, ge=4, unit="episodes per domain")
    """A quarter of them is held out."""
    style: float = param(0.15, ge=0, unit="rad")
    """Size of the part of the motion that nothing foretells."""
    domains: tuple[Variant, ...] = ("source",)
    """`[source]`, or `[source, target]`."""

    @property
    def has_environment(self) -> bool:
        return True

    @property
    def can_replay(self) -> bool:
        return False

    @property
    def variants(self) -> tuple[Variant, ...]:
        return self.domains

    def load(self, cache_dir: Path, progress: Progress = quiet, say: Say = print) -> Demonstrations:
        """Made now, in a tenth of a second."""
        del cache_dir, progress, say
        world = World(
            observation=self.observation,
            episodes=self.episodes,
            seed=self.seed,
            style=self.style,
            two_domains="target" in self.domains,
        )
        environment = EnvironmentSpec(
            make=partial(Reach, world),
            max_steps=MOST_STEPS,
            reward_range=(0.0, 1.0),
            expert=expert,
        )
        made = demonstrations(world)
        unrepeatable = replace(made.source, seeds=None)  # a seed of `Reach` draws other goals
        return replace(made, source=unrepeatable, environment=environment)
