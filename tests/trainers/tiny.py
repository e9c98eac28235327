"""Small demonstrations in memory whose actions can be told from what is seen.

Each episode has a goal in [0, 1]^2. The images show it as a bright square, the object pose names
it, and every action moves towards it, so that a policy that looks can do well and one that does not
cannot. `TinyEnvironment` is the world that they come from.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ilsweep.trainers.core.environment import EnvironmentSpec, Observation, StepResult
from ilsweep.trainers.data.alignment import align
from ilsweep.trainers.data.dataset import Demonstrations, Domain
from ilsweep.trainers.data.features import ACTION, ENVIRONMENT, IMAGES, STATE
from ilsweep.trainers.data.source import Variant
from ilsweep.trainers.envs.aloha.config import DataConfig
from ilsweep.trainers.envs.aloha.layout import CONTROLS, EE_ACTION, EE_POSE

LENGTH = 12
"""Frames of the first episode; each further one is a frame longer."""
DIRECTIONS = np.linspace(-1, 1, 32).reshape(2, 16)
"""Where a goal is in the robot's 16 numbers, of which the joints are the first 14."""
NEAR = 0.1
"""Mean distance from the goal below which the task is done."""
BACKGROUND = {"source": 40, "target": 120}


class TinyEnvironment:
    """The robot is where the last action put it; the task is done where that is the goal."""

    def __init__(self, config: DataConfig, control: str, variant: str) -> None:
        self._config, self._size, self._background = (
            config,
            14 if control == "joint" else 16,
            BACKGROUND[variant],
        )
        self.reset(0)

    def reset(self, seed: int) -> None:
        self._goal = np.random.default_rng(seed).uniform(0.2, 0.8, 2)
        self._pose = np.zeros(16, np.float32)

    def observe(self) -> Observation:
        pose, goal = self._pose[None], self._goal[None]
        state = {ENVIRONMENT: _state(goal)} if self._config.observation == "state" else {}
        images = _images(self._config, goal, self._background)
        return {STATE: pose[:, :14], EE_POSE: pose, **state, **images}

    def step(self, action: np.ndarray) -> StepResult:
        if action.shape != (self._size,) or not np.isfinite(action).all():
            raise ValueError(f"an action must be ({self._size},) and finite, got {action}")
        self._pose = np.concatenate([action, self._pose[self._size :]]).astype(np.float32)
        off = float(np.abs(self._pose - self._goal @ DIRECTIONS)[:14].mean())
        return StepResult(reward=max(0.0, 1 - off), success=off < NEAR)

    def close(self) -> None:
        """Nothing to let go of."""


def environment(config: DataConfig) -> EnvironmentSpec:
    """The world of `tiny_demonstrations`."""
    return EnvironmentSpec(partial(TinyEnvironment, config), 2 * LENGTH, (0, 1))


def tiny_demonstrations(episodes: int = 6, seed: int = 0, **config: Any) -> Demonstrations:
    """Demonstrations of `episodes` episodes; `config` goes to DataConfig."""
    asked = DataConfig(
        **{"episodes": episodes, "image_size": (24, 32), "holdout": 0.34, "seed": seed, **config}
    )
    source = _domain(asked, "source", np.random.default_rng(seed))
    if "target" not in asked.domains:
        return Demonstrations(asked, CONTROLS, source, None, None, environment(asked))
    target = _domain(asked, "target", np.random.default_rng(seed + 1))
    alignment = align(
        source.vector(STATE),
        source.episode_starts,
        source.train_episodes,
        target.vector(STATE),
        target.episode_starts,
        target.train_episodes,
    )
    return Demonstrations(asked, CONTROLS, source, target, alignment, environment(asked))


def _domain(config: DataConfig, name: Variant, rng: np.random.Generator) -> Domain:
    lengths = LENGTH + np.arange(config.episodes)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    goals = rng.uniform(0.2, 0.8, (config.episodes, 2))
    goal = np.repeat(goals, lengths, axis=0)  # (N, 2)
    time = np.concatenate([np.linspace(0, 1, n) for n in lengths])[:, None]
    path = (goal @ DIRECTIONS) * time + 0.01 * rng.standard_normal((time.size, 16))
    ee_pose = path.astype(np.float32)
    following = np.minimum(np.arange(time.size) + 1, np.repeat(starts[1:], lengths) - 1)
    order = np.random.default_rng(config.seed).permutation(config.episodes)
    held = config.heldout_episodes
    return Domain(
        name=name,
        features={
            STATE: ee_pose[:, :14],
            ACTION: ee_pose[following][:, :14],
            EE_POSE: ee_pose,
            EE_ACTION: ee_pose[following],
            ENVIRONMENT: _state(goal),
            **_images(config, goal, BACKGROUND[name]),
        },
        phase=time[:, 0].astype(np.float32),
        episode_starts=starts,
        seeds=np.arange(config.episodes),
        train_episodes=np.sort(order[held:]),
        heldout_episodes=np.sort(order[:held]),
    )


def _state(goal: np.ndarray) -> np.ndarray:
    """The goals (N, 2) as seven numbers each."""
    return np.concatenate([goal, np.zeros_like(goal), np.ones((len(goal), 3))], 1).astype(
        np.float32
    )


def _images(config: DataConfig, goal: np.ndarray, background: int) -> dict[str, np.ndarray]:
    """A bright square at the goal, on a background that differs between the domains."""
    if config.observation == "state":
        return {}
    height, width = config.image_size
    pixels = np.full((len(goal), height, width, 3), background, dtype=np.uint8)
    for frame, (y, x) in enumerate(goal):
        row, column = int(y * height), int(x * width)
        pixels[frame, row - 3 : row + 3, column - 3 : column + 3] = (250, 60, 30)
    return {IMAGES + name: pixels.copy() for name in config.cameras}
