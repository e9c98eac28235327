"""A made-up task that is learnt in seconds: `World`, and its demonstrations.

Two arms reach for a goal in [0, 1]^2 that only the camera shows; all else of the motion is the same
in every episode, but for a style (the bow of the path) that nothing shows. The measured joints are
noisy, so that they tell the goal worse than the image does. Faults of the data are planted here.

Shapes: N frames, E episodes, H and W image height and width.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.alignment import align
from ilsweep.trainers.data.dataset import Demonstrations, Domain, Image, Int
from ilsweep.trainers.data.features import ACTION, ENVIRONMENT, IMAGES, STATE
from ilsweep.trainers.data.source import Variant
from ilsweep.trainers.envs.aloha.config import DataConfig
from ilsweep.trainers.envs.aloha.layout import CONTROLS, EE_ACTION, EE_POSE

Array = NDArray[np.float64]
Camera = Literal["right", "black", "stuck", "scrambled"]

HOLDOUT = 0.25
FRAMES = 16
"""Of the shortest episode; they differ by up to five."""
GOALS = (0.15, 0.85)
"""Range of both coordinates of a goal."""
SIZE = (32, 40)
"""Height and width of a picture, pixels."""
BACKGROUND: Mapping[Variant, int] = {"source": 40, "target": 110}
"""Brightness of a picture, 0 to 255."""
SQUARE = 4
"""Half of the goal's side in the image, pixels."""


@dataclass(frozen=True)
class World:
    """What the demonstrations are like; the defaults are healthy."""

    observation: Literal["images", "state"] = "images"
    """What is seen beside the joints: the picture of the goal, or its place."""
    episodes: int = 32
    """In each domain, a quarter of them held out."""
    seed: int = 0
    camera: Camera = "right"
    """What training episodes show: the goal, black, always the first picture, or pictures drawn
    from all episodes."""
    camera_heldout: Camera = "right"
    """The same for the held-out episodes."""
    style: float = 0.15
    """Size of the part of the motion that nothing foretells, rad."""
    action_noise: float = 0.02
    """Of the demonstrated joint targets, rad."""
    reach_m: float = 0.02
    """How far the end effectors move for the goal; their rotation moves by about a radian."""
    flat: bool = False
    """Whether the end effectors stay at their height and the grippers closed, as on a table."""
    wait_s: float = 0.0
    """How long each batch takes to load beyond what it must."""
    two_domains: bool = False


@dataclass(frozen=True)
class SlowDemonstrations(Demonstrations):
    """Demonstrations on a slow disk."""

    wait_s: float
    """Of each batch."""

    def observe(self, domain: Domain, frames: Int) -> Observation:
        time.sleep(self.wait_s)
        return super().observe(domain, frames)


@lru_cache(maxsize=4)
def demonstrations(world: World) -> Demonstrations:
    """The demonstrations of a world; equal worlds give equal arrays."""
    config = DataConfig(
        episodes=world.episodes,
        observation=world.observation,
        image_size=SIZE,
        holdout=HOLDOUT,
        seed=world.seed,
        domains=("source", "target") if world.two_domains else ("source",),
    )
    source = _domain(world, config, "source")
    target = _domain(world, config, "target") if world.two_domains else None
    aligned = None
    if target is not None:
        sides = [(d.vector(STATE), d.episode_starts, d.train_episodes) for d in (source, target)]
        aligned = align(*sides[0], *sides[1])
    if world.wait_s:
        return SlowDemonstrations(config, CONTROLS, source, target, aligned, None, world.wait_s)
    return Demonstrations(config, CONTROLS, source, target, aligned, None)


def _domain(world: World, config: DataConfig, name: Variant) -> Domain:
    rng = np.random.default_rng((world.seed, name == "target"))
    lengths = FRAMES + rng.integers(0, 6, world.episodes)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    goals = rng.uniform(*GOALS, (world.episodes, 2))
    styles = rng.standard_normal(world.episodes)
    goal, style = np.repeat(goals, lengths, axis=0), np.repeat(styles, lengths)
    phase = np.concatenate([np.linspace(0, 1, n) for n in lengths])
    joints = joints_of(world, goal, style, phase)
    poses = poses_of(world, goal, phase)
    following = np.minimum(np.arange(phase.size) + 1, np.repeat(starts[1:], lengths) - 1)
    order = rng.permutation(world.episodes)
    held = np.sort(order[: config.heldout_episodes])
    train = np.sort(order[config.heldout_episodes :])
    targets = joints[following] + world.action_noise * rng.standard_normal(joints.shape)
    measured = measured_joints(rng, joints, phase)
    return Domain(
        name=name,
        features={
            STATE: measured.astype(np.float32),
            ACTION: targets.astype(np.float32),
            EE_POSE: poses.astype(np.float32),
            EE_ACTION: poses[following].astype(np.float32),
            ENVIRONMENT: np.column_stack(
                [goal, np.zeros_like(goal), np.ones((phase.size, 3))]
            ).astype(np.float32),
            **_images(world, config, rng, goal, starts, held, BACKGROUND[name]),
        },
        phase=phase.astype(np.float32),
        episode_starts=starts,
        seeds=np.arange(world.episodes),
        train_episodes=train,
        heldout_episodes=held,
    )


def joints_of(world: World, goal: Array, style: Array, phase: Array) -> Array:
    """(N, 14): a motion that all share, the way to the goal, and the bow of the path; rad."""
    body = np.random.default_rng(7)  # of the robot, the same in every world
    common = 0.3 * np.sin(np.pi * phase[:, None] * body.uniform(0.5, 2, 14))
    reach = (goal - 0.5) @ body.standard_normal((2, 14)) * np.sin(np.pi / 2 * phase)[:, None]
    bow = world.style * np.outer(style * np.sin(np.pi * phase), body.choice([-1, 1], 14))
    joints: Array = common + reach + bow
    return joints


def measured_joints(rng: np.random.Generator, joints: Array, phase: Array) -> Array:
    """Joints (N, 14) as they are seen: exact at home, where all episodes begin, then noisy."""
    worn = 0.1 * np.sin(np.pi / 2 * phase)[:, None]
    measured: Array = joints + worn * rng.standard_normal(joints.shape)
    return measured


def poses_of(world: World, goal: Array, phase: Array) -> Array:
    """(N, 16): both end effectors move by `reach_m` to the goal, turn by a radian, and close."""
    move = world.reach_m * 2 * (goal - 0.5) * np.sin(np.pi / 2 * phase)[:, None]
    lift = (0 if world.flat else world.reach_m) * np.sin(np.pi * phase)[:, None]
    turn = (phase + 0.3 * (goal[:, 0] - 0.5)) / 2
    still = np.zeros_like(phase)
    quaternion = np.column_stack([np.cos(turn), still, still, np.sin(turn)])
    grip = still if world.flat else 1 / (1 + np.exp(20 * (phase - 0.7)))
    left = np.column_stack([move, lift, quaternion, grip])
    return np.column_stack([left, -left[:, :3], left[:, 3:]])


def _images(
    world: World,
    config: DataConfig,
    rng: np.random.Generator,
    goal: Array,
    starts: Int,
    held: Int,
    background: int,
) -> Mapping[str, Image]:
    """A bright square at the goal, on a noisy background that differs between the domains."""
    if config.observation == "state":
        return {}
    shown = pictures(rng, goal, config.image_size, background)
    seen = shown.copy()
    for episode, (start, stop) in enumerate(pairwise(starts)):
        camera = world.camera_heldout if episode in held else world.camera
        seen[start:stop] = _taken(camera, shown, starts, episode)
    return {IMAGES + "top": seen}


def pictures(
    rng: np.random.Generator, goal: Array, size: tuple[int, int], background: int
) -> Image:
    """Goals (N, 2) as pictures (N, H, W, 3)."""
    height, width = size
    pixels = rng.normal(background, 6, (len(goal), height, width, 3))
    for frame, (y, x) in enumerate(goal):
        row, column = int(y * height), int(x * width)
        pixels[frame, row - SQUARE : row + SQUARE, column - SQUARE : column + SQUARE] = 250, 60, 30
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _taken(camera: Camera, shown: Image, starts: Int, episode: int) -> Any:
    """What the camera took in an episode: (frames, H, W, 3), or one picture for all frames."""
    start, stop = starts[episode : episode + 2]
    if camera == "black":
        return 0
    if camera == "stuck":
        return shown[0]
    if camera == "scrambled":
        return shown[np.random.default_rng(episode).integers(len(shown), size=stop - start)]
    return shown[start:stop]
