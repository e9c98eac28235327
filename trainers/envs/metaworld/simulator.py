"""One Meta-World task as an `Environment`, with its scripted expert.

The scene, the rewards and the success flag are Meta-World's; a picture is drawn only when it is
asked for, by the renderer of `trainers.envs.rendering` (some 8 ms at 64 pixels with a software
driver, against 90 ms with Meta-World's own).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.core.environment import EnvironmentSpec, Observation, StepResult
from ilsweep.trainers.data.features import (
    ACTION,
    ENVIRONMENT,
    IMAGES,
    STATE,
    ControlMode,
    ControlModes,
    Feature,
    Group,
)
from ilsweep.trainers.envs.metaworld.config import MetaWorldConfig
from ilsweep.trainers.envs.rendering import Renderer, import_mujoco

Double = NDArray[np.float64]

NAMES = ("x", "y", "z", "gripper")
CONTROLS: ControlModes = {
    "delta_ee": ControlMode(
        "delta_ee",
        state=Feature(
            STATE,
            NAMES,
            (
                Group("right_position", "position", "m, world frame", 0, 3),
                Group("right_gripper", "gripper", "0 closed to 1 open", 3, 4),
            ),
        ),
        action=Feature(
            ACTION,
            NAMES,
            (
                Group("right_position", "position", "change of position, -1..1 for 1 cm", 0, 3),
                Group("right_gripper", "gripper", "-1 open to 1 closed", 3, 4),
            ),
        ),
    )
}
REWARD_RANGE = (0.0, 10.0)
_HAND = slice(0, 4)
_OBJECTS = slice(4, 18)
_GOAL = slice(36, 39)
_NEAR_CORNER2 = (0.75, 0.075, 0.7)
"""Where LeRobot puts the camera `corner2`, so that the table fills the picture."""
_UPSIDE_DOWN = ("corner", "corner2", "corner3")
"""Cameras that Meta-World has hung upside down; LeRobot turns their pictures, too."""


class MetaWorld:
    """A task in one visual domain, commanded by changes of the hand's position.

    Episodes are independent: the same seed and actions give the same numbers and pixels in
    whatever order episodes are run. To be used from the thread that made it.
    """

    def __init__(self, config: MetaWorldConfig, control: str, variant: str) -> None:
        """Load the scene; OpenGL is opened with the first picture."""
        del control  # there is one
        import_mujoco()  # before Meta-World imports it, which would open OpenGL
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from metaworld.env_dict import ALL_V3_ENVIRONMENTS
            from metaworld.policies import ENV_POLICY_MAP

            env = ALL_V3_ENVIRONMENTS[config.task]()
        # The goal stands in its numbers, for the expert, and is not cut to a range without it.
        env._partially_observable = False
        del env.sawyer_observation_space
        env._freeze_rand_vec, env.seeded_rand_vec, env._set_task_called = False, True, True
        env.max_path_length = np.inf
        self._env: Any = env
        self._expert: Any = ENV_POLICY_MAP[config.task]()
        self._config, self._variant = config, variant
        self._seen: Double = np.zeros(39)
        self._cameras: tuple[str, ...] = ()
        self._renderer: Renderer | None = None
        if config.observation == "images":
            self._cameras = config.cameras
            _place_cameras(env.model)
            if variant == "target":
                _dress(env.model)

    def reset(self, seed: int) -> None:
        """Start an episode: the hand at rest, the object and the goal where the seed puts them."""
        self._env.seed(seed)
        self._seen, _ = self._env.reset()

    def observe(self) -> Observation:
        """What a policy sees now.

        The hand and the gripper, (1, 4), and pictures or, without them, the objects and the goal,
        (1, 17).

        Raises:
            NoOpenGL: there is no OpenGL for the cameras.
        """
        state = {STATE: _batch(self._seen[_HAND])}
        if not self._cameras:
            return {**state, ENVIRONMENT: _batch(self.world())}
        return {**state, **{IMAGES + name: image[None] for name, image in self.render().items()}}

    def step(self, action: NDArray[np.floating]) -> StepResult:
        """Move the hand and the gripper for one tick of 12.5 ms.

        Raises:
            ValueError: the action has another shape, or a number that is not finite.
        """
        if action.shape != (len(NAMES),):
            raise ValueError(f"an action has the shape ({len(NAMES)},), got {action.shape}")
        if not np.isfinite(action).all():
            raise ValueError(f"an action must be finite, got {action}")
        seen, reward, _, _, info = self._env.step(np.clip(action, -1, 1).astype(np.float32))
        if not np.isfinite(seen).all():
            return StepResult(0.0, False, terminated=True)
        self._seen = seen
        return StepResult(float(reward), bool(info["success"]))

    def expert(self) -> Double:
        """What the scripted expert would do now, (4,) in -1..1."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that its wishes are cut to -1..1
            wanted = self._expert.get_action(self._seen)
        return np.clip(np.asarray(wanted, np.float64), -1, 1)

    def hand(self) -> Double:
        """Position of the hand in m, and the gripper from 0 to 1, (4,)."""
        return np.array(self._seen[_HAND])

    def world(self) -> Double:
        """Poses of at most two objects, and the goal's position in m, (17,)."""
        return np.concatenate([self._seen[_OBJECTS], self._seen[_GOAL]])

    def render(self) -> dict[str, NDArray[np.uint8]]:
        """The image of each camera, (H, W, 3).

        Raises:
            NoOpenGL: there is no OpenGL for the cameras.
        """
        if not self._cameras:
            return {}
        if self._renderer is None:
            self._renderer = Renderer(self._env.model, self._cameras, self._config.image_size)
        images = self._renderer.render(self._env.data)
        return {
            name: image[::-1, ::-1] if name in _UPSIDE_DOWN else image
            for name, image in images.items()
        }

    def close(self) -> None:
        """Free the graphics context; closing twice does nothing."""
        self._cameras = ()
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None


def environment(config: MetaWorldConfig) -> EnvironmentSpec:
    """Where a policy that learnt from such demonstrations acts."""
    return EnvironmentSpec(
        partial(MetaWorld, config),
        config.max_steps,
        REWARD_RANGE,
        expert=expert,
        make_unseen=partial(MetaWorld, config.model_copy(update={"observation": "state"})),
        noise=partial(noise, config.action_noise),
    )


def noise(size: float, seed: int, steps: int) -> Double:
    """What is added to the expert's actions in the episode of a seed, (steps, 4)."""
    return size * np.random.default_rng((seed, 1)).standard_normal((steps, len(NAMES)))


def expert(world: MetaWorld, seed: int) -> Iterator[Double]:
    """What the scripted expert does in an episode, (4,) at a time."""
    del seed  # it sees the episode
    while True:
        yield world.expert()


def _place_cameras(model: Any) -> None:
    model.cam_pos[model.camera("corner2").id] = _NEAR_CORNER2


def _dress(model: Any) -> None:
    """Give a model, in place, the looks of the target.

    Other colours, half the light, cameras moved by some centimetres.
    """
    colours = np.random.default_rng(1).permutation(3)
    for values in (model.mat_rgba, model.geom_rgba):
        values[:, :3] = 0.25 + 0.6 * values[:, colours]
    model.light_diffuse[:] *= 0.5
    model.vis.headlight.diffuse[:] *= 0.5
    model.cam_pos[:] += (0.02, -0.03, 0.02)


def _batch(values: Double) -> NDArray[np.float32]:
    return values[None].astype(np.float32)
