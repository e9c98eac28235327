"""What data hold, by LeRobot's names: states, images and actions, and what their numbers mean.

Imports no numpy, so that a spec is checked in no time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

STATE = "observation.state"
"""The robot's own state."""
ENVIRONMENT = "observation.environment_state"
"""The state of the world around it, where that is known."""
IMAGES = "observation.images."
"""Before a camera's name."""
ACTION = "action"

Kind = Literal["joints", "position", "rotation", "gripper"]


@dataclass(frozen=True)
class Group:
    """Numbers of a state or action that share a meaning and a unit."""

    name: str
    """Begins with the arm's side, `left_` or `right_`, where there are two."""
    kind: Kind
    unit: str
    start: int
    stop: int

    @property
    def slice(self) -> slice:
        """Where the group lies in the last axis."""
        return slice(self.start, self.stop)


@dataclass(frozen=True)
class Feature:
    """A vector of the data."""

    key: str
    names: tuple[str, ...] = ()
    """One for each number; empty where they are not known."""
    groups: tuple[Group, ...] = ()
    """All numbers, in order; empty where their meaning is not known."""


@dataclass(frozen=True)
class ControlMode:
    """One way to command a robot: what a policy sees of it, and what it commands."""

    name: str
    state: Feature
    action: Feature


ControlModes = Mapping[str, ControlMode]
"""By name, the source's own first."""
