"""Small demonstrations in memory whose actions can be told from what is seen.

Each episode has a goal in [0, 1]^2. The images show it as a bright square, the object pose names
it, and every action moves towards it, so that a policy that looks can do well and one that does not
cannot.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trainers.data.alignment import align
from trainers.data.dataset import DataConfig, Demonstrations, Domain, DomainName

LENGTH = 12
"""Frames of the first episode; each further one is a frame longer."""


def tiny_demonstrations(episodes: int = 6, seed: int = 0, **config: Any) -> Demonstrations:
    """Demonstrations of `episodes` episodes; `config` goes to DataConfig."""
    asked = DataConfig(
        **{"episodes": episodes, "image_size": (24, 32), "holdout": 0.34, "seed": seed, **config}
    )
    source = _domain(asked, "source", np.random.default_rng(seed))
    if "target" not in asked.domains:
        return Demonstrations(asked, source, None, None)
    target = _domain(asked, "target", np.random.default_rng(seed + 1))
    alignment = align(
        source.qpos,
        source.episode_starts,
        source.train_episodes,
        target.qpos,
        target.episode_starts,
        target.train_episodes,
    )
    return Demonstrations(asked, source, target, alignment)


def _domain(config: DataConfig, name: DomainName, rng: np.random.Generator) -> Domain:
    lengths = LENGTH + np.arange(config.episodes)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    goals = rng.uniform(0.2, 0.8, (config.episodes, 2))
    goal = np.repeat(goals, lengths, axis=0)  # (N, 2)
    time = np.concatenate([np.linspace(0, 1, n) for n in lengths])[:, None]
    directions = np.linspace(-1, 1, 32).reshape(2, 16)
    path = (goal @ directions) * time + 0.01 * rng.standard_normal((time.size, 16))
    ee_pose = path.astype(np.float32)
    following = np.minimum(np.arange(time.size) + 1, np.repeat(starts[1:], lengths) - 1)
    env = np.concatenate([goal, np.zeros_like(goal), np.ones((time.size, 3))], axis=1)
    order = np.random.default_rng(config.seed).permutation(config.episodes)
    held = config.heldout_episodes
    return Domain(
        name=name,
        qpos=ee_pose[:, :14],
        actions=ee_pose[following][:, :14],
        ee_pose=ee_pose,
        ee_actions=ee_pose[following],
        env_state=env.astype(np.float32),
        phase=time[:, 0].astype(np.float32),
        images=_images(config, goal, 40 if name == "source" else 120),
        episode_starts=starts,
        seeds=np.arange(config.episodes),
        max_rewards=np.full(config.episodes, 4),
        train_episodes=np.sort(order[held:]),
        heldout_episodes=np.sort(order[:held]),
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
    return {name: pixels.copy() for name in config.cameras}
