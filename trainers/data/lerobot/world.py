"""Where the policies of a LeRobotDataset are rolled out: a gymnasium environment that fits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ilsweep.trainers.data.features import ENVIRONMENT, IMAGES
from ilsweep.trainers.data.lerobot.config import LeRobotDataConfig
from ilsweep.trainers.data.lerobot.layout import Layout
from ilsweep.trainers.data.source import Progress, Say
from ilsweep.trainers.envs.contract import EnvironmentSpec
from ilsweep.trainers.envs.gym.agreement import Learnt, differences, wired
from ilsweep.trainers.envs.gym.config import GymEnv
from ilsweep.trainers.envs.gym.environment import Wiring
from ilsweep.trainers.envs.gym.facts import Facts, facts_of


@dataclass(frozen=True)
class World:
    """An environment that a data set fits."""

    env: GymEnv
    facts: Facts
    learnt: Learnt
    wiring: Wiring

    def specification(self) -> EnvironmentSpec:
        """Where a policy acts."""
        return self.wiring.specification()

    def tell(self, config: LeRobotDataConfig, arrays: Mapping[str, Any], say: Say) -> None:
        """Say what a user should know of it, and what differs from the data set, a line each."""
        states, actions = arrays[config.state], arrays[config.action]
        for note in self.facts.notes:
            say(note)
        for difference in differences(self.env, self.facts, self.learnt, states, actions):
            say(difference.line)


def world_of(
    config: LeRobotDataConfig, found: Layout, cache_dir: Path, progress: Progress
) -> World | None:
    """The environment that a configuration names; None where it names none.

    Raises:
        UnusableData: it cannot be used, or does not fit the data set; every mistake.
        NoOpenGL: cameras are asked for, and there is no OpenGL.
        OSError: the cache cannot be written.
    """
    if config.env is None:
        return None
    images = config.observation == "images"
    learnt = _learnt(config, found)
    facts = facts_of(config.env, images, cache_dir, progress)
    return World(config.env, facts, learnt, wired(config.env, facts, learnt))


def _learnt(config: LeRobotDataConfig, found: Layout) -> Learnt:
    vectors = [name for name in found.widths if name in (config.state, ENVIRONMENT)]
    shapes: dict[str, tuple[int, ...]] = {name: (found.widths[name],) for name in vectors}
    if found.image_size is not None:
        shapes |= {IMAGES + camera.name: (*found.image_size, 3) for camera in found.cameras}
    recorded = {IMAGES + camera.name: (camera.height, camera.width) for camera in found.cameras}
    return Learnt(config.state, shapes, recorded, found.widths[config.action], found.fps)
