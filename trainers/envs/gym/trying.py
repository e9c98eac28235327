"""Some steps of an environment, and what must hold of them: one form, finite, the same by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.data.gym_env import GymEnv
from ilsweep.trainers.envs.gym import answers, observation
from ilsweep.trainers.envs.gym.environment import is_finite
from ilsweep.trainers.envs.gym.making import guarded, wrong


@dataclass
class Tried:
    """Some steps of one episode."""

    raw: Any
    """The first observation."""
    seen: list[dict[str, NDArray[Any]]]
    infos: list[Mapping[str, Any]] = field(default_factory=list)
    ended: bool = False
    printed: str = ""


def episode(env: GymEnv, gym: Any, seed: int, steps: int) -> Tried:
    """The first steps of the episode of a seed, by the same small actions for each seed.

    Raises:
        UnusableData: it raised something, or its observation changed its form or is not finite.
    """
    rng = np.random.default_rng(0)
    with guarded(env, "reset", loading=True) as printed:
        raw, info = answers.of_reset(gym.reset(seed=seed))
    tried = Tried(raw, [observation.leaves(raw)], [info], printed=printed.getvalue())
    _must_have_kept_form(tried, raw)
    while len(tried.seen) <= steps and not tried.ended:
        with guarded(env, "step", loading=True) as printed:
            action = _small(gym.action_space, rng)
            raw, reward, terminated, truncated, info = answers.of_step(gym.step(action))
        tried.printed += printed.getvalue()
        _must_have_kept_form(tried, raw)
        if not math.isfinite(reward):
            raise wrong("id", "its reward is not finite", reward)
        tried.seen.append(observation.leaves(raw))
        tried.infos.append(info)
        tried.ended = terminated or truncated
    return tried


def _small(space: Any, rng: np.random.Generator) -> NDArray[Any]:
    """A random action near the middle of the action space."""
    low, high = np.maximum(space.low, -1e3), np.minimum(space.high, 1e3)
    middle, reach = (low + high) / 2, np.minimum((high - low) / 2, 1 + (high - low) / 20)
    taken: NDArray[Any] = (middle + 0.5 * reach * rng.uniform(-1, 1, space.shape)).astype(
        space.dtype
    )
    return taken


def _must_have_kept_form(tried: Tried, raw: Any) -> None:
    """The observation has the shapes of the first one, and is finite."""
    now, first = observation.leaves(raw), tried.seen[0]
    after = f"after {len(tried.infos)} steps"
    if now.keys() != first.keys():
        keys = ", ".join(sorted(now.keys() ^ first.keys()))
        raise wrong("id", f"its observation has other keys {after}", keys, "the same at each step")
    for key, values in now.items():
        name = f"observation {key!r}" if key else "observation"
        if values.shape != first[key].shape:
            rule = f"its {name} changes its shape {after}, {first[key].shape} before"
            raise wrong("id", rule, values.shape, "the same shape at each step")
    if not is_finite(raw):
        keys = ", ".join(k or "all of it" for k, v in now.items() if not is_finite({k: v}))
        raise wrong("id", "its observation is not finite", keys, "finite numbers")


def must_be_repeatable(first: Tried, again: Tried) -> None:
    """Two episodes of one seed are the same, step by step.

    Raises:
        UnusableData: they differ.
    """
    for step, (before, after) in enumerate(zip(first.seen, again.seen, strict=False)):
        for key in before:
            if not np.array_equal(before[key], after[key]):
                what = "its reset ignores the seed" if step == 0 else "its steps are random"
                rule = f"{what}: with the same seed and actions, {key or 'the observation'} differs"
                valid = "an environment whose reset(seed=...) decides the whole episode"
                raise wrong("id", rule, None, valid)


def notes_of(first: Tried, second: Tried) -> tuple[str, ...]:
    """What a user should know of an environment, a line each, by episodes of two seeds."""
    notes = []
    same = all(np.array_equal(first.seen[0][key], second.seen[0][key]) for key in first.seen[0])
    if same:
        rule = "the seeds 0 and 1 give the same first observation, so that all episodes may be one"
        notes.append(f"data.env.id: {rule}")
    if text := (first.printed or second.printed).strip():
        notes.append(f"data.env.id: it prints, which is not shown, as {text.splitlines()[0]!r}")
    return tuple(notes)
