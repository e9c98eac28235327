"""A gymnasium environment as an `Environment`: LeRobot's feature names, pulled pictures, success.

Shapes: A numbers of the data's action, D numbers of a feature, H and W height and width.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.core.environment import EnvironmentSpec, Observation, StepResult
from ilsweep.trainers.data.dataset import Array, Image
from ilsweep.trainers.data.features import IMAGES
from ilsweep.trainers.data.gym_env import TERMINATED, ActionMap, GymEnv, Source, Success
from ilsweep.trainers.data.pictures import fitted
from ilsweep.trainers.envs.gym import answers, making, observation
from ilsweep.trainers.envs.gym.drawing import Scene
from ilsweep.trainers.envs.gym.making import guarded, wrong
from ilsweep.trainers.envs.gym.observation import Raw

_UNBOUNDED = 1e30


@dataclass(frozen=True)
class Wiring:
    """An environment and how its names become those of the data; picklable."""

    env: GymEnv
    features: Mapping[str, tuple[Source, ...]]
    """Feature of the data to what it is in the environment."""
    shapes: Mapping[str, tuple[int, ...]]
    """Shape of each feature: (D,), or (H, W, 3), to which its pictures are made."""
    width: int
    """A"""
    success: Success
    max_steps: int

    def specification(self) -> EnvironmentSpec:
        """Where a policy acts."""
        bounds = (-math.inf, math.inf)
        return EnvironmentSpec(self.make, self.max_steps, bounds, make_unseen=self.make_unseen)

    def make(self, control: str, variant: str) -> GymEnvironment:
        """The environment; there is one way to command it, and one visual domain."""
        del control, variant
        return GymEnvironment(self)

    def make_unseen(self, control: str, variant: str) -> GymEnvironment:
        """The environment without its images."""
        del control, variant
        vectors = {name: of for name, of in self.features.items() if not name.startswith(IMAGES)}
        return GymEnvironment(replace(self, features=vectors))


class GymEnvironment:
    """One episode at a time; what the environment prints is kept from the terminal."""

    def __init__(self, wiring: Wiring) -> None:
        """Make it.

        Raises:
            UnusableData: it cannot be made.
        """
        self.wiring = wiring
        images = any(feature.startswith(IMAGES) for feature in wiring.shapes)
        self.gym: Any = making.make(wiring.env, images)
        self._scene = Scene(wiring.env, self.gym)
        self._raw: Raw = None
        self._closed = False

    @property
    def raw(self) -> Raw:
        """The observation as the environment itself has it."""
        return self._raw

    def reset(self, seed: int) -> None:
        """Start the episode of a seed."""
        with guarded(self.wiring.env, "reset"):
            self._raw, _ = answers.of_reset(self.gym.reset(seed=seed))

    def observe(self) -> Observation:
        """What a policy sees: vectors (1, D), images (1, H, W, 3).

        Raises:
            UnusableData: the environment's observation has changed its form.
        """
        return {feature: self._feature(feature)[None] for feature in self.wiring.features}

    def step(self, action: NDArray[np.floating]) -> StepResult:
        """Take an action (A,), in the data's units.

        An observation that is not finite ends the episode, without success.

        Raises:
            ValueError: the action has another shape, or a number that is not finite.
            UnusableData: the environment raised something.
        """
        if action.shape != (self.wiring.width,):
            raise ValueError(f"an action has the shape ({self.wiring.width},), got {action.shape}")
        if not np.isfinite(action).all():
            raise ValueError(f"an action must be finite, got {action}")
        with guarded(self.wiring.env, "step"):
            taken = to_environment(self.wiring.env.action, action, self.gym.action_space)
            raw, reward, ended, cut_off, info = answers.of_step(self.gym.step(taken))
        if not (is_finite(raw) and math.isfinite(reward)):
            return StepResult(0.0, False, terminated=True)
        self._raw = raw
        done = succeeded(self.wiring.success, reward, ended, info)
        return StepResult(reward, bool(done), ended, cut_off)

    def close(self) -> None:
        """Let go of windows and files; closing twice does nothing."""
        if not self._closed:
            self._closed = True
            with guarded(self.wiring.env, "close"):
                self._scene.close()
                self.gym.close()

    def _feature(self, feature: str) -> Array:
        sources, shape = self.wiring.features[feature], self.wiring.shapes[feature]
        if feature.startswith(IMAGES):
            return self._image(feature, sources[0], (shape[0], shape[1]))
        values = observation.numbers(self._raw, feature, sources)
        if values.shape != shape:
            rule = f"its observation has changed its shape, {shape} before"
            raise wrong(f"observation.{feature}", rule, values.shape)
        return values

    def _image(self, feature: str, source: Source, size: tuple[int, int]) -> Image:
        import PIL.Image

        if source.camera is not None:
            drawn = self._scene.draw(source.camera, size)
            return drawn[::-1, ::-1] if source.upside_down else drawn
        image = native_image(self.wiring.env, self.gym, self._raw, feature, source)
        return fitted(PIL.Image.fromarray(np.ascontiguousarray(image)), size)


def native_image(env: GymEnv, gym: Any, raw: Raw, feature: str, source: Source) -> Image:
    """An image in the size in which the environment has it, (H, W, 3).

    Raises:
        UnusableData: there is none.
    """
    if not source.is_drawn:
        return observation.seen(raw, feature, source)
    with guarded(env, "render"):
        drawn = gym.render()
    return observation.picture(np.asarray(drawn), feature, source)


def to_environment(mapped: ActionMap, action: NDArray[np.floating], space: Any) -> NDArray[Any]:
    """The environment's action, in the form of its action space, of the data's (A,)."""
    values = np.asarray(action, np.float64)[slice(*mapped.slice) if mapped.slice else slice(None)]
    values = (np.array(mapped.scale) * values + np.array(mapped.offset)).reshape(space.shape)
    if mapped.clip:
        values = np.clip(values, space.low, space.high)
    taken: NDArray[Any] = values.astype(space.dtype)
    return taken


def succeeded(success: Success, reward: float, terminated: bool, info: Mapping[str, Any]) -> bool:
    """Whether the task is done at this step; not where the key is not there."""
    if success.reward is not None:
        return reward >= success.reward
    if success.key == TERMINATED:
        return terminated
    found = lookup(info, success.key)
    return found is not None and is_flag(found) and bool(np.all(found))


def is_flag(value: Any) -> bool:
    """Whether it says yes or no: a boolean or a number, in an array or not."""
    return bool(np.asarray(value).dtype.kind in "biuf")


def lookup(info: Mapping[str, Any], key: str) -> Any:
    """The value of a key, `a/b` within nested ones; None where it is not there."""
    if key in info:
        return info[key]
    first, _, rest = key.partition("/")
    inner = info.get(first)
    return lookup(inner, rest) if rest and isinstance(inner, Mapping) else None


def is_bounded(low: NDArray[Any], high: NDArray[Any]) -> bool:
    """Whether an action space has bounds: infinite ones come as the largest of floats."""
    return bool(max(abs(low).max(), abs(high).max()) <= _UNBOUNDED)


def is_finite(raw: Raw) -> bool:
    """Whether every number of an observation is."""
    arrays = observation.leaves(raw).values()
    return all(np.isfinite(array).all() for array in arrays if array.dtype.kind == "f")
