"""Scripted experts for the Fetch tasks of gymnasium-robotics.

They answer to what is seen alone and remember nothing, so that they find back after a disturbance.
Positions in m, world frame; an action is the change of the gripper's position, 1 for 5 cm, and of
the opening of its fingers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Double = NDArray[np.float64]
Seen = Mapping[str, Double]
"""`observation` (gripper's position, then the object's in tasks that have one), `desired_goal`."""
Act = Callable[[Seen], Double]

_GAIN = 10.0
"""Of the way that is left, in actions per m: half of it in a step, 1 beyond 10 cm."""
_ABOVE_M = 0.06
"""How far over the object the gripper travels."""
_BEHIND_M = 0.07
"""Where a push begins, from the object's middle."""
_AT_M = 0.02
"""Near enough to go on."""


def reach(env: Any) -> Act:
    """FetchReach: straight to the goal."""
    del env
    return lambda seen: _towards(seen["desired_goal"] - seen["observation"][:3], 0.0)


def push(env: Any) -> Act:
    """FetchPush: over the block to its far side, down, and along the line to the goal."""
    del env
    return _push


def pick_and_place(env: Any) -> Act:
    """FetchPickAndPlace: over the block, down, close, and to the goal."""
    del env
    return _pick_and_place


def _push(seen: Seen) -> Double:
    hand, block, goal = seen["observation"][:3], seen["observation"][3:6], seen["desired_goal"]
    left = goal[:2] - block[:2]
    distance = float(np.linalg.norm(left))
    line = left / max(distance, 1e-6)
    offset = hand[:2] - block[:2]
    along = float(offset @ line)
    across = offset - along * line
    is_low = hand[2] < block[2] + _ABOVE_M / 2
    if is_low and along < 0 and np.linalg.norm(across) < 1.5 * _AT_M:
        # On the line behind it: on with the push, never faster than the block can follow.
        ahead = min(distance, 0.05) * line - 0.8 * across
        return _towards(np.append(ahead, block[2] - hand[2]), 0.0)
    start = block[:2] - _BEHIND_M * line - hand[:2]
    if np.linalg.norm(start) < _AT_M:
        return _towards(np.append(start, block[2] - hand[2]), 0.0)
    height = block[2] + _ABOVE_M
    if hand[2] < height - _AT_M:
        return _towards(np.array([0, 0, height - hand[2]]), 0.0)
    return _towards(np.append(start, height - hand[2]), 0.0)


def _pick_and_place(seen: Seen) -> Double:
    hand, block, goal = seen["observation"][:3], seen["observation"][3:6], seen["desired_goal"]
    opening = float(seen["observation"][9:11].sum())
    offset = block - hand
    if np.linalg.norm(offset[:2]) > _AT_M / 2 and np.linalg.norm(offset) > _AT_M:
        height = block[2] + _ABOVE_M if np.linalg.norm(offset[:2]) > _AT_M else block[2]
        return _towards(np.append(offset[:2], height - hand[2]), 1.0)
    if np.linalg.norm(offset) > _AT_M / 2:
        return _towards(offset, 1.0)
    if opening > 0.055:
        return _towards(offset, -1.0)
    return _towards(goal - block, -1.0)


def _towards(way: Double, fingers: float) -> Double:
    """The action (4,) that goes a way (3,) in m; fingers 1 open, -1 close."""
    return np.append(np.clip(_GAIN * way, -1, 1), fingers)
