"""The two gym-aloha tasks: their models, where objects start, and what counts as progress.

Rewards are those of gym-aloha, read from the contacts: 0 to 4, where 4 is success.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.envs.aloha.config import Task

Double = NDArray[np.float64]
Pairs = Set[tuple[str, str]]

SUCCESS = 4
"""Reward of a finished task."""
LIMIT_TICKS = 400
"""Length after which an episode is given up, control ticks (8 s, as in Zhao et al. 2023)."""
ARM_NUMBERS = 16
"""Leading numbers of the model's `qpos` that belong to the arms: 6 joints and 2 fingers each."""

_LEFT = "vx300s_left/10_left_gripper_finger"
_RIGHT = "vx300s_right/10_right_gripper_finger"
_SOCKET = tuple(f"socket-{n}" for n in (1, 2, 3, 4))


@dataclass(frozen=True)
class TaskModel:
    """What the simulator must know about a task."""

    xml: str
    """End of the model's file name in gym-aloha."""
    low: tuple[tuple[float, float, float], ...]
    """Lowest start position of each object, m, world frame."""
    high: tuple[tuple[float, float, float], ...]
    """Highest start position of each object; the draw is uniform in between, as in gym-aloha."""
    reward: Callable[[Pairs], int]
    """Progress from the pairs of geoms in contact."""


def _touches(pairs: Pairs, these: str | tuple[str, ...], other: str) -> bool:
    names = (these,) if isinstance(these, str) else these
    return any((name, other) in pairs or (other, name) in pairs for name in names)


def transfer_reward(pairs: Pairs) -> int:
    """1 right finger touches the cube, 2 lifted, 3 left finger touches, 4 in the air with it."""
    on_table = _touches(pairs, "red_box", "table")
    if _touches(pairs, "red_box", _LEFT):
        return 3 if on_table else 4
    if _touches(pairs, "red_box", _RIGHT):
        return 1 if on_table else 2
    return 0


def insertion_reward(pairs: Pairs) -> int:
    """1 both held, 2 both lifted, 3 peg touches the lifted socket, 4 peg touches the pin inside."""
    if _touches(pairs, "red_peg", "pin"):
        return 4
    lifted = not (_touches(pairs, "red_peg", "table") or _touches(pairs, _SOCKET, "table"))
    if lifted and _touches(pairs, _SOCKET, "red_peg"):
        return 3
    held = _touches(pairs, "red_peg", _RIGHT) and _touches(pairs, _SOCKET, _LEFT)
    return held + (held and lifted)


TASKS: dict[Task, TaskModel] = {
    "transfer_cube": TaskModel(
        "transfer_cube", ((0.0, 0.4, 0.05),), ((0.2, 0.6, 0.05),), transfer_reward
    ),
    "insertion": TaskModel(
        "insertion",
        ((0.1, 0.4, 0.05), (-0.2, 0.4, 0.05)),
        ((0.2, 0.6, 0.05), (-0.1, 0.6, 0.05)),
        insertion_reward,
    ),
}
"""Transfer: the cube. Insertion: the peg, then the socket."""


def object_poses(task: Task, seed: int) -> Double:
    """Where the objects of an episode start: (K,) positions in m and quaternions wxyz."""
    model = TASKS[task]
    positions = np.random.default_rng(seed).uniform(model.low, model.high)
    upright = np.tile([1.0, 0.0, 0.0, 0.0], (len(positions), 1))
    return np.concatenate([positions, upright], axis=1).ravel()


def contact_pairs(model: Any, data: Any) -> set[tuple[str, str]]:
    """Names of the geoms in contact, from a MuJoCo model and its data."""
    touching = {(int(a), int(b)) for a, b in data.contact.geom}
    return {(model.geom(a).name, model.geom(b).name) for a, b in touching}
