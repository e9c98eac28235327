"""Whether actions are states to reach, so that their difference to a state means something."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.data.dataset import STD_FLOOR, Demonstrations
from ilsweep.trainers.data.features import ControlMode, Feature


def differences(action: Feature, width: int) -> NDArray[np.bool_]:
    """Which of the numbers of an action (A,) may be differences: neither grippers nor rotations.

    By their groups, else by their names; where neither is known, all.
    """
    moved = np.ones(width, np.bool_)
    for group in action.groups:
        moved[group.slice] = group.kind in ("joints", "position")
    if not action.groups and len(action.names) == width:
        moved[["gripper" in name.lower() for name in action.names]] = False
    return moved


def no_states(data: Demonstrations, control: ControlMode) -> str:
    """Why actions are no states to reach; empty where they may be.

    They have as many numbers as the state, and each that may be a difference varies less about the
    state than by itself.
    """
    frames, source = data.source.train_frames, data.source
    actions = source.vector(control.action.key)[frames].astype(np.float64)
    states = source.vector(control.state.key)[frames].astype(np.float64)
    if actions.shape != states.shape:
        return f"they have {actions.shape[1]} numbers, and the state has {states.shape[1]}"
    about, own = (actions - states).std(axis=0), actions.std(axis=0)
    moved = differences(control.action, actions.shape[1]) & (own > STD_FLOOR)
    for i in np.flatnonzero(moved & (about > own)):
        seen = f"number {i} varies more about the state than by itself"
        return f"{seen} (standard deviations {about[i]:.2g} and {own[i]:.2g})"
    return ""
