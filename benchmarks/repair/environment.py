"""The made-up task of `benchmarks/faults/world.py` as an environment for its policies.

The arms go where they are commanded. An episode succeeds where they stand as the demonstrations end
for its goal, nearer than chance would have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.faults.world import (
    BACKGROUND,
    FRAMES,
    GOALS,
    SIZE,
    World,
    joints_of,
    measured_joints,
    pictures,
    poses_of,
)
from ilsweep.trainers.core.environment import Observation, StepResult
from ilsweep.trainers.data.features import ENVIRONMENT, IMAGES, STATE
from ilsweep.trainers.data.source import Variant
from ilsweep.trainers.envs.aloha.layout import EE_POSE

STEPS = FRAMES + 2
"""Actions of a demonstration."""
MOST_STEPS = 2 * STEPS
NEAR_RAD = 0.12
"""Root mean square of the joints' distance at which an episode succeeds. Of goals drawn as those
here, some 10 % lie so near to the middle that a policy that ignores them succeeds."""
NEAR_SHARE = 0.12
"""The same of end effectors, in shares of `reach_m`; some 10 % again."""

Array = NDArray[np.float64]


class Reach:
    """Two arms that are to reach for a goal that only the camera shows."""

    def __init__(self, world: World, control: str, domain: Variant) -> None:
        self.world, self.control, self.domain = replace(world, style=0.0), control, domain

    def reset(self, seed: int) -> None:
        """Start the episode of a seed."""
        self._rng = np.random.default_rng(seed)
        self.goal = self._rng.uniform(*GOALS, (1, 2))
        self.joints, self.poses = self.at(0.0)
        self.steps = 0

    def at(self, phase: float) -> tuple[Array, Array]:
        """Joints (14,) and poses (16,) of the expert there."""
        now = np.array([phase])
        joints = joints_of(self.world, self.goal, np.zeros(1), now)[0]
        return joints, poses_of(self.world, self.goal, now)[0]

    def observe(self) -> Observation:
        """What a policy sees now."""
        phase = np.array([min(1.0, self.steps / STEPS)])
        seen = {
            STATE: measured_joints(self._rng, self.joints[None], phase).astype(np.float32),
            EE_POSE: self.poses[None].astype(np.float32),
        }
        if self.world.observation == "state":
            row = np.concatenate([self.goal[0], np.zeros(2), np.ones(3)])
            return {**seen, ENVIRONMENT: row[None].astype(np.float32)}
        background = BACKGROUND[self.domain]
        return {**seen, IMAGES + "top": pictures(self._rng, self.goal, SIZE, background)}

    def step(self, action: NDArray[np.floating]) -> StepResult:
        """Go where the action says."""
        command = np.asarray(action, np.float64)
        wanted = self.joints if self.control == "joint" else self.poses
        if command.shape != wanted.shape or not np.isfinite(command).all():
            raise ValueError(f"an action is {wanted.shape[0]} finite numbers, got {command}")
        self.steps += 1
        if self.control == "joint":
            self.joints = command
            self.poses = self._poses_of(command)
        else:
            self.poses = command
        far = self._distance()
        return StepResult(reward=1 / (1 + far), success=far < 1)

    def _poses_of(self, joints: Array) -> Array:
        """Where end effectors (16,) are: those of the goal that explains joints (14,) best."""
        phase = np.array([min(1.0, self.steps / STEPS)])
        middle, *along = (
            joints_of(self.world, np.array([goal]), np.zeros(1), phase)[0]
            for goal in ([0.5, 0.5], [1.5, 0.5], [0.5, 1.5])
        )
        moved = np.column_stack(along) - middle[:, None]
        goal = 0.5 + np.linalg.lstsq(moved, joints - middle)[0]
        poses: Array = poses_of(self.world, goal[None], phase)[0]
        return poses

    def _distance(self) -> float:
        """From where demonstrations end, 1 at the border of success."""
        joints, poses = self.at(1.0)
        if self.control == "joint":
            return float(np.sqrt(np.square(self.joints - joints).mean())) / NEAR_RAD
        places = [0, 1, 2, 8, 9, 10]
        apart = np.sqrt(np.square(self.poses - poses)[places].mean())
        return float(apart) / (NEAR_SHARE * self.world.reach_m)

    def close(self) -> None:
        """Nothing is held."""


def expert(environment: Any, seed: int) -> Iterator[Array]:
    """Where the demonstrations go, action by action."""
    del seed
    for step in range(1, STEPS + 1):
        joints, poses = environment.at(step / STEPS)
        yield joints if environment.control == "joint" else poses
