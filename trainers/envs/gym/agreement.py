"""What a data set and the environment that its policies are to act in agree and disagree in.

Shapes: N frames, D numbers of a feature, A of the data set's action, E of the environment's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ilsweep.trainers.data.dataset import Float
from ilsweep.trainers.data.features import IMAGES, STATE
from ilsweep.trainers.data.gym_env import GymEnv, Source
from ilsweep.trainers.data.mistakes import Mistake, UnusableData
from ilsweep.trainers.envs.gym.environment import Wiring, is_bounded
from ilsweep.trainers.envs.gym.facts import Facts

_OUTSIDE = 0.01
"""Share of a range beyond which a number lies outside of it."""
_UNUSED = 0.02
"""Share of the environment's range; actions that span less are in other units."""


@dataclass(frozen=True)
class Learnt:
    """What a data set holds, as its policies see it."""

    state: str
    """Its key of the robot's own state."""
    shapes: Mapping[str, tuple[int, ...]]
    """Of each feature that is observed: (D,), or (H, W, 3) as the policies see it."""
    recorded: Mapping[str, tuple[int, int]]
    """Height and width of each image as it was recorded."""
    width: int
    """A"""
    fps: float


def wired(env: GymEnv, facts: Facts, learnt: Learnt) -> Wiring:
    """How the environment's names become the data set's.

    Raises:
        UnusableData: they do not fit; every mistake.
    """
    features = {name: _source(facts, learnt, name) for name in learnt.shapes}
    mistakes = [
        *(m for name, found in features.items() for m in _misfits(facts, learnt, name, found)),
        *_action_misfits(env, facts, learnt),
    ]
    if mistakes:
        raise UnusableData(*mistakes)
    known = {name: facts.features[found] for name, found in features.items() if found}
    return Wiring(env, known, learnt.shapes, learnt.width, facts.success, facts.max_steps)


def _source(facts: Facts, learnt: Learnt, name: str) -> str | None:
    """The environment's feature that is this one of the data set."""
    if name == learnt.state:
        return STATE
    if name in facts.features:
        return name
    images = [key for key in learnt.shapes if key.startswith(IMAGES)]
    alone = name in images and len(images) == len(facts.cameras) == 1
    return facts.cameras[0] if alone else None


def _misfits(facts: Facts, learnt: Learnt, name: str, found: str | None) -> Iterator[Mistake]:
    if found is None:
        there = ", ".join(map(_named, (s for ss in facts.features.values() for s in ss)))
        rule = f"nothing of the environment is the data set's {name}"
        yield Mistake("env.observation", rule, None, f"{{{name}: KEY}}; seen so far: {there}")
    elif not name.startswith(IMAGES) and facts.shapes[found] != learnt.shapes[name]:
        rule = f"{name} has {learnt.shapes[name][0]} numbers in the data set"
        got = facts.shapes[found][0]
        valid = "a slice, or a list of keys that are joined"
        yield Mistake(f"env.observation.{found}", rule, got, valid)


def _named(source: Source) -> str:
    return source.camera or source.key or "the whole observation"


def _action_misfits(env: GymEnv, facts: Facts, learnt: Learnt) -> Iterator[Mistake]:
    numbers, takes = _numbers_taken(env, learnt.width), len(facts.action[0])
    if numbers != takes:
        rule = f"{numbers} of the data set's {learnt.width} numbers go to an environment"
        another = f"an environment whose action has {numbers} numbers"
        valid = "action: {slice: [FIRST, AFTER THE LAST]}" if learnt.width > takes else another
        yield Mistake("env.action", f"{rule} that takes {takes}", None, valid)
        return
    for name, values in (("scale", env.action.scale), ("offset", env.action.offset)):
        if len(values) not in (1, takes):
            yield Mistake(f"env.action.{name}", "one number for each", len(values), f"1 or {takes}")


def _numbers_taken(env: GymEnv, width: int) -> int:
    first, after = env.action.slice or (0, width)
    return max(0, min(after, width) - first)


def differences(
    env: GymEnv, facts: Facts, learnt: Learnt, states: Float, actions: Float
) -> Iterator[Mistake]:
    """What differs and may be meant, from the states (N, D) and actions (N, A) of the data set."""
    if facts.fps and abs(facts.fps / learnt.fps - 1) > _OUTSIDE:
        rule = f"the data set has {learnt.fps:g} frames a second; render_fps of the environment is"
        yield Mistake("env.id", rule, f"{facts.fps:g}", f"one step a frame of {learnt.fps:g} Hz")
    yield from _sizes(facts, learnt)
    yield from _states(facts, states)
    yield from _actions(env, facts, actions)


def _sizes(facts: Facts, learnt: Learnt) -> Iterator[Mistake]:
    for name, (height, width) in learnt.recorded.items():
        shape = facts.shapes[_source(facts, learnt, name) or name]
        if shape and shape[:2] != (height, width):
            rule = f"its images have another size than the data set's {height} x {width}"
            same = abs(shape[0] * width / (shape[1] * height) - 1) < _OUTSIDE
            valid = "made smaller" if same else "the same height over width; they are distorted"
            yield Mistake(f"env.observation.{name}", rule, f"{shape[0]} x {shape[1]}", valid)


def _states(facts: Facts, states: Float) -> Iterator[Mistake]:
    """Numbers of the state that begin far from all that the data set has."""
    low, high = states.min(0).astype(np.float64), states.max(0).astype(np.float64)
    first, last = map(np.array, facts.first_states)
    span = np.maximum(high - low, 1e-3 * np.maximum(1.0, np.abs(high)))
    far = np.flatnonzero((first < low - span) | (last > high + span))
    if len(far):
        i = int(far[0])
        rule = f"number {i} of the state begins far from the data set's {low[i]:.3g}..{high[i]:.3g}"
        got = f"{first[i]:.3g}..{last[i]:.3g}"
        yield Mistake(f"env.observation.{STATE}", rule, got, "the same units and the same order")


def _actions(env: GymEnv, facts: Facts, actions: Float) -> Iterator[Mistake]:
    """Actions outside the environment's range, or all within a small part of it."""
    mapped = env.action
    values = actions[:, slice(*mapped.slice) if mapped.slice else slice(None)].astype(np.float64)
    values = values * np.array(mapped.scale) + np.array(mapped.offset)
    low, high = map(np.array, facts.action)
    if not is_bounded(low, high):
        return
    reach = high - low
    outside = (values < low - _OUTSIDE * reach) | (values > high + _OUTSIDE * reach)
    least, most = values.min(0), values.max(0)
    valid = "action: {scale: ..., offset: ...}"
    if (share := float(outside.mean())) > 0:
        i = int(np.argmax(outside.mean(0)))
        rule = f"{share:.1%} of the data set's numbers lie outside the environment's range"
        got = f"number {i}: {least[i]:.3g}..{most[i]:.3g} of {low[i]:.3g}..{high[i]:.3g}"
        yield Mistake("env.action", rule, got, valid)
    elif ((most - least) < _UNUSED * reach).all():
        rule = f"the data set's span at most {_UNUSED:.0%} of the environment's range"
        got = f"number 0: {least[0]:.3g}..{most[0]:.3g} of {low[0]:.3g}..{high[0]:.3g}"
        yield Mistake("env.action", rule, got, valid)
