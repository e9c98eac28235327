"""A planning expert for PushT of gym-pusht.

It tries straight pushes against each edge of the T in a second copy of the environment's physics,
takes the one after which the T's corners lie nearest to the goal's, walks around the T to where
that push begins, pushes, and plans again. Nothing slides on in PushT, so that a push that is tried
at rest is the push that happens. Lengths in the environment's pixels, angles in rad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Double = NDArray[np.float64]

_OUTLINE = np.array(
    [(-60, 0), (60, 0), (60, 30), (15, 30), (15, 120), (-15, 120), (-15, 30), (-60, 30)], float
)
"""Corners of the T in its own frame, in order."""
_ALONG = (0.08, 0.3, 0.5, 0.7, 0.92)
"""Where on an edge pushes are tried."""
_ANGLES = (-0.35, 0.0, 0.35)
"""Directions of pushes, from the edge's normal."""
_CLEAR = 19.0
"""From the agent's middle to an edge before a push; its radius is 15."""
_SPEED = 8.0
"""How far the commanded position goes on in a step of a push."""
_PUSH_STEPS = 14
_AROUND = 150.0
"""Radius of the circle about the T on which the agent walks around it."""
_PASSED = 25.0
"""Near enough to a point on the way."""
_ARRIVED = 1.0
"""Near enough to where a push begins."""
_AT_REST = 5.0
"""Per second."""
_PATIENCE = 20
"""Steps after which a walk goes on, where noise keeps the agent from arriving."""
_WORSE = 3
"""A push is tried no further after so many steps without gain."""


@dataclass(frozen=True)
class Push:
    """A straight push."""

    start: Double
    """Where it begins, (2,)."""
    direction: Double
    """Of unit length, (2,)."""
    steps: int

    def targets(self) -> Iterator[Double]:
        """The commanded position (2,) of each step."""
        for step in range(self.steps):
            yield self.start + (step + 1) * _SPEED * self.direction


def expert(env: Any) -> Callable[[Any], Double]:
    """What acts in one episode of an environment that has been reset."""
    actions = _actions(env.unwrapped)
    return lambda seen: next(actions)


def _actions(world: Any) -> Iterator[Double]:
    while True:
        push = _best(world)
        yield from _walk(world, push.start)
        yield from push.targets()


def _best(world: Any) -> Push:
    """The push after which the corners lie nearest to the goal's."""
    scored = [_scored(world, start, way) for start, way in _candidates(world)]
    return min(scored, key=lambda pair: pair[0])[1]


def _candidates(world: Any) -> Iterator[tuple[Double, Double]]:
    """Where pushes may begin (2,), and their directions (2,)."""
    corners = _corners(np.array(world.block.position), world.block.angle)
    following = np.roll(corners, -1, axis=0)
    for first, second in zip(corners, following, strict=True):
        edge = (second - first) / np.linalg.norm(second - first)
        inwards = np.array([-edge[1], edge[0]])
        for share in _ALONG:
            contact = first + share * (second - first)
            start = contact - _CLEAR * inwards
            if _distance(corners, following, start) < _CLEAR - 1 or not _inside(start):
                continue
            for angle in _ANGLES:
                yield start, _rotated(inwards, angle)


def _scored(world: Any, start: Double, way: Double) -> tuple[float, Push]:
    """The best length of a push, with the mean distance of the corners from the goal's then."""
    space, agent, block = _copy(world, start)
    goal = _corners(world.goal_pose[:2], float(world.goal_pose[2]))
    errors: list[float] = []
    for speeds in _SPEEDS:
        for speed in speeds:
            agent.velocity = tuple(speed * way)
            space.step(world.dt)
        off = _corners(np.array(block.position), block.angle) - goal
        errors.append(float(np.linalg.norm(off, axis=1).mean()))
        if len(errors) > min(range(len(errors)), key=errors.__getitem__) + _WORSE:
            break
    best = int(np.argmin(errors))
    return errors[best], Push(start, way, best + 1)


def _copy(world: Any, start: Double) -> tuple[Any, Any, Any]:
    """A space with the T where the world's is, and the agent at rest somewhere."""
    space = type(world.space)()
    space.damping = world.space.damping
    agent = world.add_circle(space, tuple(start), 15)
    block, _ = world.add_tee(space, (0, 0), 0)
    block.angle = world.block.angle
    block.position = world.block.position
    return space, agent, block


def _speeds() -> list[list[float]]:
    """Of the agent along a push that begins at rest: one for each tick of each step.

    Nothing pushes the agent back, so that they are the same for all; PushT's gains are 100 and 20.
    """
    place = speed = 0.0
    found = []
    for step in range(_PUSH_STEPS):
        ticks = []
        for _ in range(10):
            speed += (100 * ((step + 1) * _SPEED - place) - 20 * speed) * 0.01
            place += speed * 0.01
            ticks.append(speed)
        found.append(ticks)
    return found


_SPEEDS = _speeds()


def _corners(position: Double, angle: float) -> Double:
    """The corners (8, 2) of a T at a pose."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(_OUTLINE @ np.array([[cos, sin], [-sin, cos]]) + position)


def _walk(world: Any, end: Double) -> Iterator[Double]:
    """Around the T to where a push begins, until the agent is there and at rest."""
    centre = np.array(world.block.local_to_world((0, 45)))
    for point in _around(np.array(world.agent.position), end, centre):
        yield from _until(world, point, lambda off, speed: off < _PASSED)
    yield from _until(world, end, lambda off, speed: off < _ARRIVED and speed < _AT_REST)


def _until(world: Any, target: Double, arrived: Callable[[float, float], bool]) -> Iterator[Double]:
    """Towards a point, for so long as it takes undisturbed."""
    for _ in range(_PATIENCE):
        off = float(np.linalg.norm(np.array(world.agent.position) - target))
        if arrived(off, float(np.linalg.norm(world.agent.velocity))):
            return
        yield target


def _around(begin: Double, end: Double, centre: Double) -> list[Double]:
    """Points on a circle about the T, from where the agent is to where it goes."""
    first, last = (np.arctan2(*(point - centre)[::-1]) for point in (begin, end))
    turn = (last - first + np.pi) % (2 * np.pi) - np.pi
    points = max(1, int(np.ceil(abs(turn) / 0.6)))
    angles = first + turn * np.linspace(0, 1, points + 1)
    ring = [centre + _AROUND * np.array([np.cos(a), np.sin(a)]) for a in angles]
    return [np.clip(point, 10, 502) for point in ring]


def _distance(first: Double, second: Double, point: Double) -> float:
    """Of a point to the nearest of some segments."""
    edges = second - first
    share = ((point - first) * edges).sum(1) / (edges**2).sum(1)
    nearest = first + np.clip(share, 0, 1)[:, None] * edges
    return float(np.linalg.norm(nearest - point, axis=1).min())


def _inside(point: Double) -> bool:
    return bool((point > 5).all() and (point < 507).all())


def _rotated(vector: Double, angle: float) -> Double:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([cos * vector[0] - sin * vector[1], sin * vector[0] + cos * vector[1]])
