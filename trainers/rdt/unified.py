"""RDT-1B's unified vector: 128 numbers with one meaning each, whatever the robot.

Names and indices are those of RDT-1B (Liu et al. 2024, arXiv 2410.07864, table 4; `configs/
state_vec.py` of its repository). States and actions share the layout; what a robot does not have
stays zero and is named by the state indicator mask. Shapes: D numbers of the robot's own vector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.data.dataset import Float, Int
from ilsweep.trainers.data.features import Group
from ilsweep.trainers.rdt import rotation6d

UNIFIED_LEN = 128
"""Numbers of the unified vector."""
_LEFT = 50
"""Where the left arm's half begins; the right arm's begins at 0."""


def _numbered(name: str, first: int, count: int) -> dict[str, int]:
    return {name.format(i): first + i for i in range(count)}


def _listed(name: str, first: int, parts: str) -> dict[str, int]:
    return {name.format(part): first + i for i, part in enumerate(parts.split())}


_HALF: Mapping[str, int] = {
    **_numbered("arm_joint_{}_pos", 0, 10),
    **_numbered("gripper_joint_{}_pos", 10, 5),
    "gripper_open": 10,
    **_numbered("arm_joint_{}_vel", 15, 10),
    **_numbered("gripper_joint_{}_vel", 25, 5),
    "gripper_open_vel": 25,
    **_listed("eef_pos_{}", 30, "x y z"),
    **_numbered("eef_angle_{}", 33, 6),
    **_listed("eef_vel_{}", 39, "x y z"),
    **_listed("eef_angular_vel_{}", 42, "roll pitch yaw"),
}
"""One arm's names, counted from the beginning of its half."""

INDEX: Mapping[str, int] = {
    **_HALF,
    **{f"right_{name}": index for name, index in _HALF.items()},
    **{f"left_{name}": index + _LEFT for name, index in _HALF.items()},
    "base_vel_x": 100,
    "base_vel_y": 101,
    "base_angular_vel": 102,
}
"""Name to index. A single arm's names, without a side, are the right arm's."""


@dataclass(frozen=True)
class Part:
    """A group of the robot's numbers and its place in the unified vector."""

    group: Group
    indices: Int
    """Where it stands there: six for a rotation, whose quaternion has four numbers."""

    @classmethod
    def of(cls, group: Group) -> Part:
        """The place of a group whose name begins with its side."""
        side = group.name.split("_")[0]
        names = {
            "joints": [f"arm_joint_{i}_pos" for i in range(group.stop - group.start)],
            "position": [f"eef_pos_{axis}" for axis in "xyz"],
            "rotation": [f"eef_angle_{i}" for i in range(6)],
            "gripper": ["gripper_open"],
        }[group.kind]
        return cls(group, np.array([INDEX[f"{side}_{name}"] for name in names]))


class UnifiedSpace:
    """The way of both arms' states and actions into the unified vector, and back."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.parts = tuple(Part.of(group) for group in groups)
        self.dim = groups[-1].stop
        """D"""
        kinds = [group.kind for group in groups]
        self.motion = "position" if "position" in kinds else "joints"
        """The kind that moves the arms."""
        self.mask: NDArray[np.bool_] = np.zeros(UNIFIED_LEN, dtype=np.bool_)
        """(128,) the state indicator: true for what this robot has."""
        self.mask[np.concatenate([part.indices for part in self.parts])] = True

    def kinds(self) -> dict[str, Int]:
        """`position`, `rotation`, `gripper` or `joints` to its indices, of both arms."""
        found: dict[str, list[Int]] = {}
        for part in self.parts:
            found.setdefault(part.group.kind, []).append(part.indices)
        return {kind: np.concatenate(indices) for kind, indices in found.items()}

    def own(self, kind: str) -> Int:
        """Indices of a kind in the robot's own vector (D), of both arms; it may have none."""
        own = [np.arange(p.group.start, p.group.stop) for p in self.parts if p.group.kind == kind]
        return np.concatenate(own) if own else np.zeros(0, dtype=np.int64)

    def placed(self, values: Float, other: float) -> Float:
        """One number for each of the robot's (D,), in their places (128,); `other` for rotations.

        And where the robot has nothing.
        """
        unified = np.full(UNIFIED_LEN, other, dtype=np.float32)
        for part in self.parts:
            if part.group.kind != "rotation":
                unified[part.indices] = values[part.group.slice]
        return unified

    def encode(self, values: Float) -> Float:
        """The robot's numbers (..., D) in their places (..., 128), zero elsewhere."""
        unified = np.zeros((*values.shape[:-1], UNIFIED_LEN), dtype=np.float32)
        for part in self.parts:
            mine = values[..., part.group.slice]
            if part.group.kind == "rotation":
                mine = rotation6d.from_quaternion(mine)
            unified[..., part.indices] = mine
        return unified

    def decode(self, unified: Float) -> Float:
        """The robot's numbers (..., D) from a unified vector; quaternions with w >= 0.

        The inverse of `encode`, but that quaternions come back at unit length with w >= 0.
        """
        values = np.empty((*unified.shape[:-1], self.dim), dtype=np.float32)
        for part in self.parts:
            mine = unified[..., part.indices]
            if part.group.kind == "rotation":
                mine = rotation6d.to_quaternion(mine)
            values[..., part.group.slice] = mine
        return values
