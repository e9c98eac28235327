"""Where the tools are for given joints, and which joints bring the tools to given poses.

The tool frame of an arm lies between its finger tips (the frame that gym-aloha's end-effector
tasks command). With the identity for rotation, an arm points at the other arm and opens its
fingers in the horizontal plane. Layouts are `JOINT_GROUPS` (14,) and `EE_GROUPS` (16,).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.envs.aloha.quaternions import multiply, rotation_vector, unit_or
from ilsweep.trainers.envs.rendering import import_mujoco

Double = NDArray[np.float64]

ARM_JOINTS = np.array([[0, 1, 2, 3, 4, 5], [8, 9, 10, 11, 12, 13]])
"""Index of each arm's joints in the model's qpos, qvel and ctrl."""
FINGERS = np.array([6, 14])
"""Index of each arm's first finger there; the second one mirrors it."""
SIDES = ("left", "right")

_OFFSET = np.array([0.134706, 0.0, -0.00205])
"""Tool point in the frame of `gripper_link`, m; from the welds of gym-aloha's end-effector task."""
_TURN = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
"""Tool rotation in the frame of `gripper_link`, left and right; from the same welds."""
_METRES_PER_RADIAN = 0.2
"""Weight of a rotation error against a position error."""
_DAMPING = 0.02
_ITERATIONS = 40
_TOLERANCE_M = 1e-5


class Kinematics:
    """Forward and inverse kinematics of both arms; has no memory between calls."""

    def __init__(self, model: Any) -> None:
        """Use a MuJoCo model of gym-aloha."""
        self._mujoco = mujoco = import_mujoco()
        self._model, self._data = model, mujoco.MjData(model)
        self._hands = [model.body(f"vx300s_{side}/gripper_link").id for side in SIDES]
        self._limits: Double = np.array([model.actuator_ctrlrange[arm].T for arm in ARM_JOINTS])

    def tools(self, joints: Double) -> Double:
        """Tool poses and grippers (16,) for joints and grippers (14,)."""
        arms = joints.reshape(2, 7)
        self._place(arms)
        poses = [[*self.tool(self._data, arm), arms[arm, 6]] for arm in (0, 1)]
        return np.array(poses).ravel()

    def tool(self, data: Any, arm: int) -> Double:
        """Position and rotation (7,) of one tool in a MuJoCo state; rotation with w >= 0."""
        rotation = multiply(data.xquat[self._hands[arm]], _TURN[arm])
        return np.concatenate([self._point(data, arm), rotation * np.copysign(1.0, rotation[0])])

    def joints(self, tools: Double, near: Double) -> Double:
        """Joints and grippers (14,) that bring the tools to poses (16,), or as near as they get.

        Damped least squares (Nakamura and Hanafusa, 1986) from the joints `near` (14,), within
        the joint limits. A quaternion need not have unit length; one of length zero means no
        wish to turn.
        """
        arms = near.reshape(2, 7).copy()
        self._place(arms)
        for arm, target in enumerate(tools.reshape(2, 8)):
            self._solve(arms, arm, target)
            arms[arm, 6] = target[7]
        return arms.ravel()

    def _solve(self, arms: Double, arm: int, target: Double) -> None:
        """Move one arm's joints in `arms` (2, 7) until its tool is at the target (8,)."""
        rotation = unit_or(target[3:7], self.tool(self._data, arm)[3:])
        for _ in range(_ITERATIONS):
            error = self._error(arm, target[:3], rotation)
            if np.linalg.norm(error) < _TOLERANCE_M:
                return
            jacobian = self._jacobian(arm)
            damped = jacobian @ jacobian.T + _DAMPING**2 * np.eye(6)
            change = jacobian.T @ np.linalg.solve(damped, error)
            arms[arm, :6] = (arms[arm, :6] + change).clip(*self._limits[arm])
            self._place(arms)

    def _error(self, arm: int, position: Double, rotation: Double) -> Double:
        """What the tool lacks, (6,) m."""
        now = self.tool(self._data, arm)
        turn = rotation_vector(now[3:], rotation) * _METRES_PER_RADIAN
        return np.concatenate([position - now[:3], turn])

    def _jacobian(self, arm: int) -> Double:
        """How the error changes with the arm's joints, (6, 6) m/rad."""
        linear, angular = np.zeros((2, 3, self._model.nv))
        point, hand = self._point(self._data, arm), self._hands[arm]
        self._mujoco.mj_jac(self._model, self._data, linear, angular, point, hand)
        both = np.concatenate([linear, angular * _METRES_PER_RADIAN])
        return np.asarray(both[:, ARM_JOINTS[arm]])

    def _point(self, data: Any, arm: int) -> Double:
        """Position of the tool point, (3,) m."""
        hand = self._hands[arm]
        return np.asarray(data.xpos[hand] + data.xmat[hand].reshape(3, 3) @ _OFFSET)

    def _place(self, arms: Double) -> None:
        """Put the arms' joints (2, 7) into the solver's own state."""
        self._data.qpos[ARM_JOINTS] = arms[:, :6]
        self._mujoco.mj_kinematics(self._model, self._data)
        self._mujoco.mj_comPos(self._model, self._data)
