"""Demonstrations that an expert gives in a gymnasium environment."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
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
from ilsweep.trainers.envs.gym.environment import GymEnvironment, Wiring
from ilsweep.trainers.envs.gym.facts import Facts, Range, facts_of
from ilsweep.trainers.envs.gym.making import guarded
from ilsweep.trainers.envs.gym.source import GymConfig
from ilsweep.trainers.envs.recorded import Episode, Recorder

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
    observed = Wiring(whole.env, seen, whole.shapes, whole.width, whole.success, whole.max_steps)
    return _recorder(config, whole, facts.action, observed.specification()).load(
        config, cache_dir, progress, say
    )


def _recorder(config: GymConfig, wiring: Wiring, bounds: Range, world: EnvironmentSpec) -> Recorder:
    drawn = any(source.camera for sources in wiring.features.values() for source in sources)
    return Recorder(
        name="gym",
        recipe=1,
        packages=("gymnasium", "numpy"),
        record=partial(record, wiring, bounds),
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


def record(
    wiring: Wiring, bounds: Range, config: GymConfig, variant: Variant, seed: int
) -> Episode | None:
    """Let the expert try the episode of a seed; None where it fails.

    What is recorded is what the expert would do; what is executed has noise (DART, Laskey et al.
    2017), so that the demonstrations show the way back from where the expert would not go.

    Raises:
        UnusableData: the environment or the expert raised something.
        NoOpenGL: cameras are asked for, and there is no OpenGL.
    """
    del variant
    low, high = np.array(bounds, np.float64)
    reach = np.minimum((high - low) / 2, np.finfo(np.float32).max)
    if config.action_noise and reach.max() > 1e30:
        rule = "noise is a share of the range of the actions, which have none here"
        raise UnusableData(Mistake("action_noise", rule, config.action_noise, "0"))
    with closing(GymEnvironment(wiring)) as world:
        return _attempt(config, world, config.action_noise * reach, (low, high), seed)


def _attempt(
    config: GymConfig,
    world: GymEnvironment,
    noise: NDArray[np.float64],
    bounds: tuple[NDArray[np.float64], NDArray[np.float64]],
    seed: int,
) -> Episode | None:
    rng = np.random.default_rng((seed, 1))
    world.reset(seed)
    act = _called(config, _expert(config), world.gym)
    rows: list[dict[str, Array]] = []
    for _ in range(world.wiring.max_steps):
        action = np.clip(_action(config, world, act), *bounds)
        seen = {name: values[0] for name, values in world.observe().items()}
        rows.append({**seen, ACTION: action.astype(np.float32)})
        result = world.step(action + noise * rng.standard_normal(len(action)))
        if result.success:
            arrays = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
            phase = np.linspace(0, 1, len(rows), dtype=np.float32)
            return Episode(seed, {**arrays, "phase": phase})
        if result.terminated or result.truncated:
            return None
    return None


def _action(config: GymConfig, world: GymEnvironment, act: Any) -> NDArray[np.float64]:
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
