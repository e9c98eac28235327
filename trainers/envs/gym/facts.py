"""What an environment is, found by trying it for some steps, once, before anything is trained.

cache_dir/gym-env-<hash>.json    the hash covers its section, its package's version or its own file
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ilsweep.trainers.core.child import in_a_process
from ilsweep.trainers.core.contract import Params
from ilsweep.trainers.data.array_cache import locked
from ilsweep.trainers.data.features import IMAGES, STATE
from ilsweep.trainers.data.gym_env import TERMINATED, GymEnv, Source, Success
from ilsweep.trainers.data.source import Progress
from ilsweep.trainers.envs.gym import answers, making, observation
from ilsweep.trainers.envs.gym.drawing import Scene
from ilsweep.trainers.envs.gym.environment import is_flag, lookup, native_image
from ilsweep.trainers.envs.gym.making import guarded, wrong
from ilsweep.trainers.envs.gym.trying import Tried, episode, must_be_repeatable, notes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

RECIPE = 1
"""One more whenever the same environment is found to be something else."""
_STEPS = 5
_SEEDS = (0, 1, 2, 3)
_SUCCESS_KEYS = ("is_success", "success")
"""What environments call success in their `info`."""

Range = tuple[tuple[float, ...], tuple[float, ...]]
"""Smallest and largest of each number."""


class Facts(Params):
    """What is known of an environment."""

    features: dict[str, tuple[Source, ...]]
    """LeRobot feature to what it is there."""
    shapes: dict[str, tuple[int, ...]]
    """(D,) or (H, W, 3) of each feature; () for a camera that is drawn in any size."""
    action: Range
    """What its action space allows; as large as floats go where it has no bounds."""
    first_states: Range
    """Of the state, over the first observations of some episodes."""
    success: Success
    max_steps: int
    fps: float | None
    notes: tuple[str, ...] = ()
    """What a user should know of it, a line each."""

    @property
    def cameras(self) -> tuple[str, ...]:
        """Features that are images."""
        return tuple(name for name in self.features if name.startswith(IMAGES))


def facts_of(env: GymEnv, images: bool, cache_dir: Path, progress: Progress) -> Facts:
    """What is known of an environment, tried now unless that is in the cache.

    Raises:
        UnusableData: it cannot be used; the message says why.
        NoOpenGL: cameras are asked for, and there is no OpenGL.
        OSError: the cache cannot be written.
    """
    about = [env.model_dump(mode="json"), images, making.stamp(env.id), RECIPE]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
    file = cache_dir / f"gym-env-{digest}.json"
    with locked(file):
        try:
            return Facts.model_validate_json(file.read_bytes())
        except (FileNotFoundError, ValidationError):
            progress(0, 1, f"trying {env.id}")
            found = _tried_apart(env, images)
        partial = file.with_suffix(".partial")
        partial.write_text(found.model_dump_json(), encoding="utf-8")
        os.replace(partial, file)
        return found


def _tried_apart(env: GymEnv, images: bool) -> Facts:
    """`tried` in a process of its own, which a fault in C code ends."""
    try:
        return in_a_process(tried, env, images)
    except BrokenProcessPool:
        rule = "it ends the process that makes, resets and steps it, as a crash in C code does"
        raise wrong("id", rule, env.id) from None


def tried(env: GymEnv, images: bool) -> Facts:
    """Make an environment, reset it, take some steps, and say what it is.

    Raises:
        UnusableData: it cannot be used; the message says why.
        NoOpenGL: cameras are asked for, and there is no OpenGL.
    """
    with _made(env, images) as gym:
        space = _action_space(gym)
        first, second, again = (episode(env, gym, seed, _STEPS) for seed in (0, 1, 0))
        must_be_repeatable(first, again)
        limit = _limit(env, gym)
        success = _success(env, gym, first, limit)
        features = _features(env, images, first.raw)
        notes = notes_of(first, second)
        return Facts(
            features=features,
            shapes={name: _shape(env, gym, name, features[name]) for name in features},
            action=(tuple(space[0]), tuple(space[1])),
            first_states=_first_states(env, gym, features[STATE]),
            success=success,
            max_steps=limit,
            fps=_fps(gym),
            notes=notes,
        )


@contextmanager
def _made(env: GymEnv, images: bool) -> Iterator[Any]:
    gym = making.make(env, images)
    try:
        yield gym
    finally:
        with guarded(env, "close"):
            gym.close()


def _limit(env: GymEnv, gym: Any) -> int:
    registered = making.registered_steps(env) or getattr(gym.spec, "max_episode_steps", None)
    if not (limit := env.max_steps or registered):
        rule = "it is registered without a length of its episodes, and may never end"
        raise wrong("max_steps", rule, None, "a number of actions")
    return int(limit)


def _success(env: GymEnv, gym: Any, tried: Tried, limit: int) -> Success:
    """What counts as success: as the configuration says, or a usual key that is there."""
    asked = env.success
    if asked and (asked.reward is not None or asked.key == TERMINATED):
        return asked
    wanted = [asked.key] if asked else list(_SUCCESS_KEYS)
    infos = tried.infos[1:]
    if not tried.ended and not _first_there(wanted, infos):  # some say it at the end alone
        infos = episode(env, gym, 0, limit).infos[1:]
    if found := _first_there(wanted, infos):
        said = next(v for info in infos if (v := lookup(info, found)) is not None)
        if not is_flag(said):
            raise wrong(
                "success", f"{found} of its info is no flag", said, "true, false or a number"
            )
        return Success(key=found)
    keys = ", ".join(sorted({str(key) for info in infos for key in info})) or "it is empty"
    valid = f"a key of its info ({keys}), {TERMINATED}, or {{reward: AT LEAST}}"
    raise wrong("success", f"never in its info in {len(infos)} steps", " or ".join(wanted), valid)


def _first_there(keys: list[str], infos: list[Mapping[str, Any]]) -> str | None:
    there = (key for key in keys for info in infos if lookup(info, key) is not None)
    return next(there, None)


def _features(env: GymEnv, images: bool, raw: Any) -> dict[str, tuple[Source, ...]]:
    found = {**observation.usual_map(raw), **env.observation}
    if STATE not in found:
        valid = f"{{{STATE}: KEY}}, of {', '.join(observation.leaves(raw)) or 'none'}"
        raise wrong("observation", f"nothing says what {STATE} is", None, valid)
    return {name: sources for name, sources in found.items()
            if images or not name.startswith(IMAGES)}  # fmt: skip


def _shape(env: GymEnv, gym: Any, name: str, sources: tuple[Source, ...]) -> tuple[int, ...]:
    """The shape of a feature after a reset."""
    with guarded(env, "reset"):
        raw, _ = answers.of_reset(gym.reset(seed=_SEEDS[0]))
    if not name.startswith(IMAGES):
        return observation.numbers(raw, name, sources).shape
    if sources[0].camera is None:
        return native_image(env, gym, raw, name, sources[0]).shape
    with closing(Scene(env, gym)) as scene:
        scene.draw(sources[0].camera, (16, 16))
    return ()


def _action_space(gym: Any) -> NDArray[np.float64]:
    """Lowest and highest actions, (2, A)."""
    space: Any = getattr(gym, "action_space", "no action_space")
    if not (hasattr(space, "low") and hasattr(space, "shape") and space.dtype.kind == "f"):
        raise wrong("id", "its actions are no vector of numbers", space, "an action space Box")
    largest = float(np.finfo(np.float32).max)
    return np.asarray(
        np.clip(np.stack([space.low.ravel(), space.high.ravel()]), -largest, largest), np.float64
    )


def _first_states(env: GymEnv, gym: Any, sources: tuple[Source, ...]) -> Range:
    states = []
    for seed in _SEEDS:
        with guarded(env, "reset"):
            raw, _ = answers.of_reset(gym.reset(seed=seed))
        states.append(observation.numbers(raw, STATE, sources))
    return tuple(np.min(states, axis=0).tolist()), tuple(np.max(states, axis=0).tolist())


def _fps(gym: Any) -> float | None:
    rate = (gym.metadata or {}).get("render_fps")
    return float(rate) if rate else None
