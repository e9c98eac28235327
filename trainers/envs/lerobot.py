"""A LeRobotDataset with the gymnasium environment that its policies are rolled out in, if any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.data.features import ENVIRONMENT, IMAGES
from ilsweep.trainers.data.gym_env import GymEnv
from ilsweep.trainers.data.lerobot import reader
from ilsweep.trainers.data.lerobot.config import LeRobotDataConfig
from ilsweep.trainers.data.lerobot.layout import Layout, layout
from ilsweep.trainers.data.source import Progress, Say
from ilsweep.trainers.envs.gym.agreement import Learnt, differences, wired
from ilsweep.trainers.envs.gym.environment import Wiring
from ilsweep.trainers.envs.gym.facts import Facts, facts_of


@dataclass(frozen=True)
class World:
    """An environment that a data set fits."""

    env: GymEnv
    facts: Facts
    learnt: Learnt
    wiring: Wiring

    def tell(self, config: LeRobotDataConfig, features: Mapping[str, Any], say: Say) -> None:
        """Say what a user should know of it, and what differs from the data set, a line each."""
        states, actions = features[config.state], features[config.action]
        for note in self.facts.notes:
            say(note)
        for difference in differences(self.env, self.facts, self.learnt, states, actions):
            say(difference.line)


def load(
    config: LeRobotDataConfig, cache_dir: Path, progress: Progress, say: Say
) -> Demonstrations:
    """The demonstrations of a data set, and where their policies act.

    They are read now unless they are in the cache. `say` is given a line for each thing in which
    the environment differs.

    Raises:
        UnusableData: it is no data set of version 3, lacks what is asked for, or is damaged; or the
            environment cannot be used, or does not fit: every mistake.
        NoOpenGL: cameras of the environment are asked for, and there is no OpenGL.
        OSError: the cache cannot be written.
    """
    if config.env is None:
        return reader.load(config, cache_dir, progress, say)
    world = _world(config, config.env, layout(config), cache_dir, progress)
    data = reader.load(config, cache_dir, progress, say)
    world.tell(config, data.source.features, say)
    return replace(data, environment=world.wiring.specification())


def _world(
    config: LeRobotDataConfig, env: GymEnv, found: Layout, cache_dir: Path, progress: Progress
) -> World:
    learnt = _learnt(config, found)
    facts = facts_of(env, config.observation == "images", cache_dir, progress)
    return World(env, facts, learnt, wired(env, facts, learnt))


def _learnt(config: LeRobotDataConfig, found: Layout) -> Learnt:
    vectors = [name for name in found.widths if name in (config.state, ENVIRONMENT)]
    shapes: dict[str, tuple[int, ...]] = {name: (found.widths[name],) for name in vectors}
    if found.image_size is not None:
        shapes |= {IMAGES + camera.name: (*found.image_size, 3) for camera in found.cameras}
    recorded = {IMAGES + camera.name: (camera.height, camera.width) for camera in found.cameras}
    return Learnt(config.state, shapes, recorded, found.widths[config.action], found.fps)
