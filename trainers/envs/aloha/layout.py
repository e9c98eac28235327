"""The numbers of gym-aloha's robot: two arms, commanded by joint targets or end-effector poses."""

from __future__ import annotations

from ilsweep.trainers.data.features import ACTION, STATE, ControlMode, ControlModes, Feature, Group

EE_POSE = "observation.ee_pose"
EE_ACTION = "action.ee_pose"

JOINT_GROUPS = (
    Group("left_joints", "joints", "rad", 0, 6),
    Group("left_gripper", "gripper", "0 closed to 1 open", 6, 7),
    Group("right_joints", "joints", "rad", 7, 13),
    Group("right_gripper", "gripper", "0 closed to 1 open", 13, 14),
)
"""Layout of states and actions under joint control, D = 14, as in gym-aloha."""

EE_GROUPS = (
    Group("left_position", "position", "m, world frame", 0, 3),
    Group("left_rotation", "rotation", "unit quaternion wxyz, world frame", 3, 7),
    Group("left_gripper", "gripper", "0 closed to 1 open", 7, 8),
    Group("right_position", "position", "m, world frame", 8, 11),
    Group("right_rotation", "rotation", "unit quaternion wxyz, world frame", 11, 15),
    Group("right_gripper", "gripper", "0 closed to 1 open", 15, 16),
)
"""Layout under end-effector control, D = 16; the frame of each arm's `gripper_link`."""

_ARM = ("waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate", "gripper")
_EE = ("x", "y", "z", "qw", "qx", "qy", "qz", "gripper")
JOINT_NAMES = tuple(f"{side}_{part}" for side in ("left", "right") for part in _ARM)
EE_NAMES = tuple(f"{side}_{part}" for side in ("left", "right") for part in _EE)

CONTROLS: ControlModes = {
    "joint": ControlMode(
        "joint",
        state=Feature(STATE, JOINT_NAMES, JOINT_GROUPS),
        action=Feature(ACTION, JOINT_NAMES, JOINT_GROUPS),
    ),
    "ee": ControlMode(
        "ee",
        state=Feature(EE_POSE, EE_NAMES, EE_GROUPS),
        action=Feature(EE_ACTION, EE_NAMES, EE_GROUPS),
    ),
}
