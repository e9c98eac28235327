"""A scripted expert: way-points of both hands for one episode, and the path through them.

A hand always points away from its own base, tilted and rolled as the stage asks. So an arm bends
in one vertical plane and stays on one side of its wrist's singularity, where a small motion of the
hand would swing the forearm round, to either side, and no policy could tell which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.envs.aloha.config import Task
from ilsweep.trainers.envs.aloha.quaternions import about, multiply
from ilsweep.trainers.envs.aloha.tasks import object_poses

Double = NDArray[np.float64]

OPEN, CLOSED = 1.0, 0.0
PICK_PITCH = 60.0
"""Tilt of a hand that picks something up from the table, degrees below the horizontal."""
TEMPO = (0.9, 1.1)
"""Range of an episode's pace; the duration of every stage is multiplied by the same number."""
MEETING_JITTER_M = 0.02
"""Largest shift of the place where the hands meet, along each axis."""
BASES = np.array([[-0.469, 0.5], [0.469, 0.5]])
"""Where the left and the right arm stand, x and y in m, world frame."""
REST = ((-0.183, 0.5, 0.307), (0.183, 0.5, 0.307))
"""Tool positions at the start of an episode, left and right, m."""
REST_PITCH, REST_GRIPPER = -5.7, 0.1


@dataclass(frozen=True)
class Hand:
    """Where one hand should be."""

    position: Double
    """(3,) tool point, m, world frame."""
    pitch: float
    """Tilt below the horizontal, degrees."""
    roll: float = 0.0
    """Turn about its own axis, degrees; at 90 the fingers close vertically."""
    gripper: float = OPEN
    """0 closed to 1 open."""

    def at(self, x: float, y: float, z: float) -> Hand:
        """The same hand at another place."""
        return replace(self, position=np.array([x, y, z]))

    def moved(self, x: float = 0.0, z: float = 0.0) -> Hand:
        """The same hand, some metres away."""
        return replace(self, position=self.position + np.array([x, 0.0, z]))

    def with_gripper(self, gripper: float) -> Hand:
        """The same hand, opened or closed."""
        return replace(self, gripper=gripper)

    def numbers(self) -> Double:
        """(6,) position, pitch, roll, gripper."""
        return np.array([*self.position, self.pitch, self.roll, self.gripper])


@dataclass(frozen=True)
class Stage:
    """A stretch of the plan: in so many control ticks both hands go to their places."""

    ticks: float
    left: Hand
    right: Hand


@dataclass(frozen=True)
class Trajectory:
    """The plan of an episode, tick by tick."""

    tools: Double
    """(L, 16) tool targets, layout `EE_GROUPS`; row t is to be reached at the end of tick t."""
    phase: Double
    """(L,) stages passed plus the share of the present one."""


def scripted_trajectory(task: Task, seed: int) -> Trajectory:
    """The expert's path for the objects of `seed`; pace and meeting place vary with it too."""
    rng = np.random.default_rng([seed, 1])
    tempo = rng.uniform(*TEMPO)
    shift = rng.uniform(-MEETING_JITTER_M, MEETING_JITTER_M, size=3)
    objects = object_poses(task, seed).reshape(-1, 7)[:, :3]
    if task == "transfer_cube":
        return _trajectory(_transfer(objects[0], np.array([0.0, 0.5, 0.28]) + shift), tempo)
    peg, socket = objects
    return _trajectory(_insertion(peg, socket, np.array([0.0, 0.5, 0.15]) + shift), tempo)


def _transfer(cube: Double, meeting: Double) -> list[Stage]:
    """The right hand picks the cube up from above; the left one takes it from the side."""
    pick = Hand(np.array([cube[0], cube[1], 0.02]), PICK_PITCH)
    hold = pick.with_gripper(CLOSED)
    give = Hand(meeting, pitch=0.0, gripper=CLOSED)
    take = Hand(meeting, pitch=0.0, roll=90.0).moved(x=-0.01)
    wait, taken = take.moved(x=-0.11), take.with_gripper(CLOSED)
    given = give.with_gripper(OPEN)
    return [
        Stage(60, wait.moved(x=-0.05), pick.moved(z=0.1)),
        Stage(35, wait, pick),
        Stage(20, wait, hold),
        Stage(60, wait, give),
        Stage(35, take, give),
        Stage(20, taken, give),
        Stage(15, taken, given),
        Stage(35, taken.moved(x=-0.05), given.moved(x=0.1)),
    ]


def _insertion(peg: Double, socket: Double, meeting: Double) -> list[Stage]:
    """Each hand picks its part up from above; they meet and push the peg into the socket.

    The peg is held below the tool point, at the finger tips: it is thinner than the closed
    fingers leave room for further up.
    """
    left = Hand(np.array([socket[0], socket[1], 0.022]), PICK_PITCH)
    right = Hand(np.array([peg[0] - 0.005, peg[1], 0.028]), PICK_PITCH)
    left_held, right_held = left.with_gripper(CLOSED), right.with_gripper(CLOSED)
    x, y, z = meeting
    apart = left_held.at(x - 0.1, y, z), right_held.at(x + 0.092, y, z + 0.02)
    together = apart[0].moved(x=0.058), apart[1].moved(x=-0.058)
    return [
        Stage(60, left.moved(z=0.1), right.moved(z=0.1)),
        Stage(35, left, right),
        Stage(15, left_held, right_held),
        Stage(30, left_held, right_held),
        Stage(70, *apart),
        Stage(60, *together),
        Stage(20, *together),
    ]


def _trajectory(stages: Sequence[Stage], tempo: float) -> Trajectory:
    """Connect the stages, each with a smooth start and stop."""
    places = [np.array([[*place, REST_PITCH, 0.0, REST_GRIPPER] for place in REST])]
    places += [np.stack([stage.left.numbers(), stage.right.numbers()]) for stage in stages]
    hands, phase = [], []
    for index, stage in enumerate(stages):
        count = round(stage.ticks * tempo)
        share = np.arange(1, count + 1) / count
        smooth = (share * share * (3 - 2 * share))[:, None, None]
        hands.append(places[index] + (places[index + 1] - places[index]) * smooth)
        phase.append(index + share)
    tools = [[tool(hand, arm) for arm, hand in enumerate(both)] for both in np.concatenate(hands)]
    return Trajectory(np.array(tools).reshape(-1, 16), np.concatenate(phase))


def tool(hand: Double, arm: int) -> Double:
    """The tool pose and gripper (8,) of a hand (6,); arm 0 is the left one, 1 the right one."""
    forward = (1.0, -1.0)[arm]
    away = (hand[:2] - BASES[arm]) * forward
    yaw = np.degrees(np.arctan2(away[1], away[0]))
    tilt = multiply(about((0, 1, 0), forward * hand[3]), about((1, 0, 0), hand[4]))
    return np.concatenate([hand[:3], multiply(about((0, 0, 1), yaw), tilt), hand[5:]])
