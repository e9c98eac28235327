"""One simulated episode at a time: gym-aloha's scene, stepped at the rate of the demonstrations.

The scene, its actuators and its rewards are gym-aloha's, and the order of the physics steps is
dm_control's, so that an episode is the same as there. MuJoCo is driven directly, because gym-aloha
renders three large images at every tick and draws object poses from unseeded states.

Between two commands the joint targets move linearly over the control ticks. A thinned trajectory
is then followed nearly as the full one; a target that is held and jumps shakes what the fingers
hold. End-effector commands become joint targets by inverse kinematics, once a frame, so that both
kinds of control drive the same motors in the same scene. (gym-aloha's own end-effector tasks pull
the hands by soft welds instead: they trail by up to 10 cm, and blow up under wild commands.)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.core.environment import EnvironmentSpec, Observation, StepResult
from ilsweep.trainers.data.dataset import Float, Image
from ilsweep.trainers.data.features import ENVIRONMENT, IMAGES, STATE
from ilsweep.trainers.data.source import Variant
from ilsweep.trainers.envs.aloha.config import CONTROL_HZ, Camera, Control, DataConfig, Task
from ilsweep.trainers.envs.aloha.kinematics import ARM_JOINTS, FINGERS, Kinematics
from ilsweep.trainers.envs.aloha.layout import CONTROLS, EE_POSE
from ilsweep.trainers.envs.aloha.tasks import (
    ARM_NUMBERS,
    LIMIT_TICKS,
    SUCCESS,
    TASKS,
    contact_pairs,
    object_poses,
)
from ilsweep.trainers.envs.aloha.visual_variants import apply_visual_variant
from ilsweep.trainers.envs.rendering import Renderer, import_mujoco

Double = NDArray[np.float64]

_SUBSTEPS = 10
"""Physics steps of 0.002 s in a control tick of 0.02 s."""
_JOINT_SPEED = 4.0
"""Fastest change of a joint target that an end-effector command can cause, rad/s; the expert
stays below it."""


class Simulator:
    """A task in one visual domain, commanded by joint targets or by end-effector poses.

    Episodes are independent: the same seed and actions give the same numbers and pixels in
    whatever order episodes are run. To be used from the thread that made it.
    """

    def __init__(
        self,
        task: Task,
        *,
        control: Control = "joint",
        domain: Variant = "source",
        ticks_per_frame: int = 4,
        cameras: Sequence[Camera] = (),
        image_size: tuple[int, int] = (64, 80),
        sees_state: bool = False,
    ) -> None:
        """Load the scene; OpenGL is opened with the first picture."""
        mujoco = import_mujoco()
        self.task, self.control, self.ticks_per_frame = task, control, ticks_per_frame
        self.sees_state, self._unstable = sees_state, False
        self._mujoco = mujoco
        mujoco.set_mju_user_warning(lambda _: None)  # else it writes a log file; see `step`
        self._model = mujoco.MjModel.from_xml_path(str(_scene(task)))
        self._model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
        self._fatal = [
            getattr(mujoco.mjtWarning, f"mjWARN_BAD{what}") for what in ("QPOS", "QVEL", "QACC")
        ]
        self._data = mujoco.MjData(self._model)
        self.kinematics = Kinematics(self._model)
        self._target: Double = np.zeros(0)
        self._cameras, self._image_size = tuple(cameras), image_size
        self._renderer: Renderer | None = None
        if cameras:
            apply_visual_variant(self._model, domain)

    @classmethod
    def of(cls, config: DataConfig, domain: Variant = "source", control: Control = "joint") -> Self:
        """The simulator in which a policy sees what it saw in such demonstrations."""
        images = config.observation == "images"
        return cls(
            config.task,
            control=control,
            domain=domain,
            ticks_per_frame=config.ticks_per_frame,
            cameras=config.cameras if images else (),
            image_size=config.image_size,
            sees_state=not images,
        )

    def reset(self, seed: int) -> None:
        """Start an episode: arms at rest, objects where the seed puts them, nothing remembered."""
        data, self._unstable = self._data, False
        self._mujoco.mj_resetData(self._model, data)
        data.qpos[:ARM_NUMBERS] = _rest_pose()
        data.qpos[ARM_NUMBERS:] = object_poses(self.task, seed)
        self._target = self.joints()
        self._command(self._target)
        self._mujoco.mj_forward(self._model, data)

    def step(self, action: NDArray[np.floating]) -> StepResult:
        """Move to a target (14,) or (16,) within one frame.

        The reward is the highest of its control ticks, 0 to 4. A command can be so violent that the
        physics breaks down; the episode is then terminated, and nothing moves until the next reset.

        Raises:
            ValueError: the action has another shape, or a number that is not finite.
        """
        start, target, reward = self._target, self._joint_target(action), 0
        for tick in range(1, self.ticks_per_frame + 1):
            if self._unstable:
                break
            self._command(start + (target - start) * (tick / self.ticks_per_frame))
            for _ in range(_SUBSTEPS):
                self._mujoco.mj_step2(self._model, self._data)
                self._mujoco.mj_step1(self._model, self._data)
            self._unstable = any(self._data.warning[kind].number for kind in self._fatal)
            reward = reward if self._unstable else max(reward, self.reward())
        self._target = target
        return StepResult(reward, reward == SUCCESS, terminated=self._unstable)

    def reward(self) -> int:
        """Progress at this moment, 0 to 4, as gym-aloha counts it."""
        return TASKS[self.task].reward(contact_pairs(self._model, self._data))

    def observe(self) -> Observation:
        """What a policy sees now, as a batch of one."""
        objects = {ENVIRONMENT: _batch(self.object_poses())} if self.sees_state else {}
        return {
            STATE: _batch(self.joints()),
            EE_POSE: _batch(self.tools()),
            **objects,
            **{IMAGES + name: pixels[None] for name, pixels in self.render().items()},
        }

    def joints(self) -> Double:
        """Measured joints and grippers, (14,)."""
        arms, fingers = self._data.qpos[ARM_JOINTS], self._data.qpos[FINGERS]
        return np.concatenate([arms, gripper_opening(fingers)[:, None]], axis=1).ravel()

    def tools(self) -> Double:
        """Measured tool poses and grippers, (16,)."""
        grippers = gripper_opening(self._data.qpos[FINGERS])
        poses = [[*self.kinematics.tool(self._data, arm), grippers[arm]] for arm in (0, 1)]
        return np.array(poses).ravel()

    def object_poses(self) -> Double:
        """Where the objects are now, (K,): positions in m and quaternions wxyz."""
        return np.array(self._data.qpos[ARM_NUMBERS:])

    def render(self) -> dict[str, Image]:
        """The image of each camera, (H, W, 3).

        Raises:
            NoOpenGL: there is no OpenGL for the cameras.
        """
        if not self._cameras:
            return {}
        if self._renderer is None:
            self._renderer = Renderer(self._model, self._cameras, self._image_size)
        return self._renderer.render(self._data)

    def picture(self, camera: Camera, image_size: tuple[int, int]) -> Image:
        """What a camera sees, (H, W, 3), where a policy looks through none.

        Raises:
            NoOpenGL: there is no OpenGL for the camera.
        """
        if self._renderer is None:
            self._renderer = Renderer(self._model, (camera,), image_size)
        return self._renderer.render(self._data)[camera]

    def positions(self) -> Double:
        """Positions of the whole scene, with which `show` brings it back."""
        return np.array(self._data.qpos)

    def show(self, positions: Double) -> None:
        """Put the scene into positions that it had, to look at it; the next step needs a reset."""
        self._data.qpos[:] = positions
        self._mujoco.mj_forward(self._model, self._data)

    def close(self) -> None:
        """Free the graphics context; closing twice does nothing."""
        self._cameras = ()
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _joint_target(self, action: NDArray[np.floating]) -> Double:
        """The joints and grippers (14,) that an action asks for."""
        size = len(CONTROLS[self.control].action.names)
        if action.shape != (size,):
            raise ValueError(f"a {self.control} action has the shape ({size},), got {action.shape}")
        if not np.isfinite(action).all():
            raise ValueError(f"an action must be finite, got {action}")
        command = action.astype(np.float64)
        if self.control == "joint":
            return command
        return self.follow(command, self._target)

    def follow(self, tools: Double, before: Double) -> Double:
        """The joint target (14,) for tool poses (16,), coming from the last target (14,).

        Rounded to what a recorded action holds, so that both controls replay an episode alike.
        """
        target = self.kinematics.joints(tools, before).reshape(2, 7)
        last = before.reshape(2, 7)[:, :6]
        most = _JOINT_SPEED * self.ticks_per_frame / CONTROL_HZ
        target[:, :6] = target[:, :6].clip(last - most, last + most)
        return target.ravel().astype(np.float32).astype(np.float64)

    def _command(self, target: Double) -> None:
        """Give joint targets (14,) to the motors, which clip them to their ranges."""
        arms = target.reshape(2, 7)
        self._data.ctrl[ARM_JOINTS] = arms[:, :6]
        self._data.ctrl[FINGERS] = finger_position(arms[:, 6])
        self._data.ctrl[FINGERS + 1] = -finger_position(arms[:, 6])


def environment(config: DataConfig) -> EnvironmentSpec:
    """Where a policy that learnt from such demonstrations acts."""
    return EnvironmentSpec(
        make=partial(_made, config),
        make_unseen=partial(_made, config.model_copy(update={"observation": "state"})),
        max_steps=LIMIT_TICKS // config.ticks_per_frame,
        reward_range=(0, SUCCESS),
        forward_kinematics=partial(_tools, config),
        draw=partial(_drawn, config) if config.observation == "state" else None,
    )


def _drawn(config: DataConfig, world: Simulator) -> Image:
    return world.picture(config.cameras[0], config.image_size)


def _made(config: DataConfig, control: Control, domain: Variant) -> Simulator:
    return Simulator.of(config, domain, control)


def _tools(config: DataConfig, joints: Double) -> Double:
    """Joint targets (N, 14) to tool poses (N, 2, 8)."""
    with Simulator(config.task) as simulator:
        poses = [simulator.kinematics.tools(row) for row in joints]
    return np.array(poses).reshape(-1, 2, 8)


def finger_position(opening: Double) -> Double:
    """Position of the first finger in m, for a gripper opening from 0 to 1."""
    return np.asarray(_constants().unnormalize_puppet_gripper_position(opening))


def gripper_opening(finger: Double) -> Double:
    """Inverse of `finger_position`."""
    return np.asarray(_constants().normalize_puppet_gripper_position(finger))


def _constants() -> Any:
    """gym-aloha's own numbers; imported where a simulator is made."""
    from gym_aloha import constants

    return constants


def _scene(task: Task) -> Path:
    """The model file of a task in gym-aloha."""
    return Path(_constants().ASSETS_DIR) / f"bimanual_viperx_{task}.xml"


def _rest_pose() -> Double:
    """The arms' part of the model's qpos at the start of an episode, (16,)."""
    return np.array(_constants().START_ARM_POSE, dtype=np.float64)


def _batch(values: Double) -> Float:
    return values[None].astype(np.float32)
