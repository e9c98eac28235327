"""Demonstrations that an expert gives in a gymnasium environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.core.environment import EnvironmentSpec
from ilsweep.trainers.core.named import NotThere, callable_named
from ilsweep.trainers.data.dataset import Array, Demonstrations
from ilsweep.trainers.data.features import (
    ACTION,
    ENVIRONMENT,
    IMAGES,
    STATE,
    ControlMode,
    Feature,
)
from ilsweep.trainers.data.mistakes import Mistake, UnusableData
from ilsweep.trainers.data.source import Progress, Say, Variant
from ilsweep.trainers.envs.gym import making
from ilsweep.trainers.envs.gym.environment import GymEnvironment, Wiring, is_bounded
from ilsweep.trainers.envs.gym.facts import Facts, facts_of
from ilsweep.trainers.envs.gym.making import guarded
from ilsweep.trainers.envs.gym.source import GymConfig
from ilsweep.trainers.envs.recorded import Episode, Recorder

Double = NDArray[np.float64]
Expert = Callable[[Any], Callable[[Any], Any]]
"""The environment after a reset -> (its observation -> its action)."""
_ACTION = ControlMode("action", Feature(STATE), Feature(ACTION))


def load(config: GymConfig, cache_dir: Path, progress: Progress, say: Say) -> Demonstrations:
    """The demonstrations of a configuration, recorded now unless they are in the cache.

    Raises:
        UnusableData: the environment or the expert cannot be used; the message says why.
        NoOpenGL: cameras are asked for, and there is no OpenGL.
        OSError: the cache cannot be written.
    """
    images = config.observation == "images"
    facts = facts_of(config.env, images, cache_dir, progress)
    for note in facts.notes:
        say(note)
    if images and not facts.cameras:
        rule = f"the policies are to see images, and nothing of {config.env.id} is one"
        valid = f"env.observation: {{{IMAGES}NAME: KEY or render}}, or observation: state"
        raise UnusableData(Mistake("env.observation", rule, None, valid))
    _expert(config)  # that it is there is seen before anything is recorded
    whole = _wiring(config, facts)
    hidden = {ENVIRONMENT} if images else set()
    seen = {name: sources for name, sources in whole.features.items() if name not in hidden}
    world = replace(
        replace(whole, features=seen).specification(),
        expert=partial(actions, config),
        noise=partial(noise, _reach(config.action_noise, facts.action)),
    )
    return _recorder(config, whole, world).load(config, cache_dir, progress, say)


def _recorder(config: GymConfig, wiring: Wiring, world: EnvironmentSpec) -> Recorder:
    drawn = any(source.camera for sources in wiring.features.values() for source in sources)
    return Recorder(
        name="gym",
        recipe=1,
        packages=("gymnasium", "mujoco", "numpy"),
        record=partial(record, wiring),
        controls={"action": _ACTION},
        aligned_by=(STATE,),
        environment=lambda _: world,
        depends_on=(making.stamp(config.env.id), making.stamp(config.expert)),
        opengl=drawn,
    )


def _wiring(config: GymConfig, facts: Facts) -> Wiring:
    """How the environment's names become the recorded ones."""
    shapes = {
        name: (*config.image_size, 3) if name.startswith(IMAGES) else shape
        for name, shape in facts.shapes.items()
    }
    width = len(facts.action[0])
    return Wiring(config.env, facts.features, shapes, width, facts.success, facts.max_steps)


def _expert(config: GymConfig) -> Expert:
    try:
        return callable_named(config.expert)
    except NotThere as error:
        raise UnusableData(Mistake("expert", str(error), config.expert)) from error


def record(wiring: Wiring, config: GymConfig, variant: Variant, seed: int) -> Episode | None:
    """Let the expert try the episode of a seed; None where it fails.

    What is recorded is what the expert would do; what is executed has noise (DART, Laskey et al.
    2017), so that the demonstrations show the way back from where the expert would not go.

    Raises:
        UnusableData: the environment or the expert raised something.
        NoOpenGL: cameras are asked for, and there is no OpenGL.
    """
    del variant
    with closing(GymEnvironment(wiring)) as world:
        return _attempt(config, world, seed)


def _attempt(config: GymConfig, world: GymEnvironment, seed: int) -> Episode | None:
    reach = _reach(config.action_noise, (world.gym.action_space.low, world.gym.action_space.high))
    added = noise(reach, seed, world.wiring.max_steps)
    rows: list[dict[str, Array]] = []
    world.reset(seed)
    for action, disturbance in zip(actions(config, world, seed), added, strict=False):
        seen = {name: values[0] for name, values in world.observe().items()}
        rows.append({**seen, ACTION: action.astype(np.float32)})
        result = world.step(action + disturbance)
        if result.success:
            arrays = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
            phase = np.linspace(0, 1, len(rows), dtype=np.float32)
            return Episode(seed, {**arrays, "phase": phase})
        if result.terminated or result.truncated:
            return None
    return None


def actions(config: GymConfig, world: GymEnvironment, seed: int) -> Iterator[Double]:
    """What the expert does in an episode that has just begun, (A,) at a time."""
    del seed  # it sees the episode
    act = _called(config, _expert(config), world.gym)
    space = world.gym.action_space
    while True:
        yield np.clip(_action(config, world, act), space.low.ravel(), space.high.ravel())


def noise(reach: Double, seed: int, steps: int) -> Double:
    """What is added to the expert's actions in the episode of a seed, (steps, A)."""
    drawn = np.random.default_rng((seed, 1)).standard_normal((steps, len(reach)))
    return np.asarray(reach * drawn)


def _reach(share: float, bounds: tuple[Any, Any]) -> Double:
    """The standard deviation (A,) of noise that is a share of half the range of the actions."""
    low, high = (np.ravel(bound).astype(np.float64) for bound in bounds)
    if not share:
        return np.zeros(len(low))
    if not is_bounded(low, high):
        rule = "noise is a share of the range of the actions, which have none here"
        raise UnusableData(Mistake("action_noise", rule, share, "0"))
    return np.asarray(share * (high - low) / 2)


def _action(config: GymConfig, world: GymEnvironment, act: Any) -> Double:
    """The expert's action (A,)."""
    answer = _called(config, act, world.raw)
    try:
        action = np.asarray(answer, np.float64).ravel()
    except (TypeError, ValueError):
        action = np.zeros(0)
    if action.shape != (world.wiring.width,) or not np.isfinite(action).all():
        rule = f"its action is not {world.wiring.width} finite numbers"
        raise UnusableData(Mistake("expert", rule, str(answer)[:80]))
    return action


def _called(config: GymConfig, function: Callable[[Any], Any], given: Any) -> Any:
    try:
        with guarded(config.env, "the expert"):
            return function(given)
    except UnusableData as error:
        cause = error.__cause__
        rule = f"raised {type(cause).__name__}: {cause}"
        raise UnusableData(Mistake("expert", rule, config.expert)) from error
