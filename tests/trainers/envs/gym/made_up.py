"""Small made-up gymnasium environments, sound ones and faulty ones, and experts for them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete

from tests.trainers.tiny import DIRECTIONS

SPEED = 0.2
"""How far an action of 1 moves the point."""
NEAR = 0.1
HERE = __name__


class Point(gymnasium.Env):
    """A point that is to be brought to a goal, which its picture shows. `fault` names what is
    wrong with it; nothing, where it is empty."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012

    def __init__(
        self, fault: str = "", render_mode: str | None = None, low: float = -1.0, high: float = 1.0
    ) -> None:
        if fault == "display":
            raise RuntimeError("No available video device")
        if fault == "making":
            raise OSError("no assets in /nowhere\nsecond line")
        self.fault, self.render_mode = fault, render_mode
        if fault != "no actions":
            self.action_space = Box(low, high, (2,), np.float32)
        if fault == "discrete":
            self.action_space = Discrete(4)
        self.observation_space = Dict({"agent_pos": Box(-2, 2, (2,), np.float64)})
        self._unseeded = np.random.default_rng()

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        if self.fault == "hangs":
            time.sleep(3600)
        if self.fault == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        rng = self._unseeded if self.fault == "seed" else self.np_random
        self.place, self.goal = rng.uniform(-1, 1, (2, 2))
        if self.fault == "same":
            self.place, self.goal = np.zeros(2), np.ones(2)
        self.steps = 0
        if self.fault == "old reset":
            return self._seen()
        return self._seen(), None if self.fault == "no info" else {}

    def step(self, action: np.ndarray) -> Any:
        if self.fault == "step":
            raise KeyError("joint7")
        assert action.shape == (2,)
        assert action.dtype == np.float32
        self.place = np.clip(self.place + SPEED * action, -2, 2)
        if self.fault == "steps":
            self.place = self.place + 0.01 * self._unseeded.standard_normal(2)
        self.steps += 1
        if self.fault == "late crash" and self.steps > 20:
            os.kill(os.getpid(), signal.SIGSEGV)
        off = float(np.linalg.norm(self.place - self.goal))
        reward: Any = {"reward": float("nan"), "no reward": None}.get(self.fault, -off)
        info: dict[str, Any] = {} if self.fault == "success" else {"is_success": off < NEAR}
        if self.fault == "late" and self.steps < 8:
            info = {}
        if self.fault == "words":
            info = {"is_success": "no"}
        info["inner"] = {"near": off < NEAR}
        if self.fault == "old step":
            return self._seen(), reward, False, info
        return self._seen(), reward, self.fault == "late" and self.steps >= 8, False, info

    def render(self) -> Any:
        if self.fault == "render":
            raise RuntimeError("gladLoadGL error")
        return self._picture(48, 64)

    def close(self) -> None:
        if self.fault == "close":
            raise RuntimeError("cannot close")

    def _seen(self) -> Any:
        if self.fault == "prints":
            print("hello from the simulator")
        if self.fault == "prints in C":
            os.write(1, b"pybullet build time\n")
        faults: dict[str, Any] = {
            "shape": {"agent_pos": np.zeros(3)},
            "nan": {"agent_pos": np.array([0.0, np.nan])},
            "none": {"agent_pos": None},
            "ragged": {"agent_pos": [[0.0], [0.0, 1.0]]},
            "keys": {"another": np.zeros(1)},
        }
        wrong = {} if self.steps < 3 else faults.get(self.fault, {})
        return {
            "agent_pos": self.place.copy(),
            "environment_state": self.goal.copy(),
            "pixels": {"top": self._picture(24, 32)},
            **wrong,
        }

    def _picture(self, height: int, width: int) -> np.ndarray:
        """Where the goal is, (H, W, 3), in red, and the point in green."""
        image = np.full((height, width, 3), 30, np.uint8)
        for channel, at in enumerate((self.goal, self.place)):
            row, column = ((at + 2) / 4 * (height - 4, width - 4)).astype(int)
            image[row : row + 4, column : column + 4, channel] = 250
        return image


class Arm(gymnasium.Env):
    """Of LIBERO's form: position, quaternion and gripper in nested dictionaries, two images, seven
    numbers of an action, and success in the info."""

    metadata = {"render_fps": 20}  # noqa: RUF012

    def __init__(self, size: int = 32) -> None:
        self.size = size
        self.action_space = Box(-1, 1, (7,), np.float32)
        self.observation_space = Dict({"pixels": Dict({}), "robot_state": Dict({})})

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.position, self.gripper = np.zeros(3), 0.0
        self.angle = np.array([0.0, 0.0, 0.1])
        self.goal = self.np_random.uniform(-1, 1, 3)
        return self._seen(), {}

    def step(self, action: np.ndarray) -> Any:
        self.position = self.position + 0.2 * action[:3]
        self.angle = self.angle + 0.05 * action[3:6]
        self.gripper = float(action[6])
        done = bool(np.linalg.norm(self.position - self.goal) < 0.2)
        return self._seen(), float(done), done, False, {"is_success": done}

    def _seen(self) -> Any:
        length = max(float(np.linalg.norm(self.angle)), 1e-9)
        xyz = self.angle / length * np.sin(length / 2)
        image = np.zeros((self.size, self.size, 3), np.uint8)
        image[:4, :4] = 100 + 100 * self.goal
        return {
            "pixels": {"image": image, "image2": image // 2},
            "robot_state": {
                "eef": {
                    "pos": self.position.copy(),
                    "quat": np.append(xyz, np.cos(length / 2)),
                    "mat": np.eye(3),
                },
                "gripper": {"qpos": np.array([self.gripper, -self.gripper])},
            },
        }


class Joints(gymnasium.Env):
    """Where the policies of `tests.trainers.tiny` act, as a gymnasium environment; it fits their
    data set unless it is made to be another."""

    def __init__(
        self,
        width: int = 14,
        actions: int = 14,
        cameras: tuple[str, ...] = ("top",),
        size: tuple[int, int] = (24, 32),
        fps: float = 12.5,
        high: float = 5.0,
        begin: float = 0.0,
    ) -> None:
        self.metadata = {"render_fps": fps}
        self.width, self.cameras, self.size, self.begin = width, cameras, size, begin
        self.action_space = Box(-high, high, (actions,), np.float32)
        self.observation_space = Dict({"agent_pos": Box(-9, 9, (width,), np.float64)})

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.goal = self.np_random.uniform(0.2, 0.8, 2)
        self.place = np.full(self.width, self.begin)
        return self._seen(), {}

    def step(self, action: np.ndarray) -> Any:
        self.place = np.resize(action, self.width).astype(np.float64)
        off = float(np.abs(self.place - np.resize(self.goal @ DIRECTIONS, self.width)).mean())
        return self._seen(), -off, False, False, {"success": off < 0.1}

    def _seen(self) -> Any:
        image = np.full((*self.size, 3), 40, np.uint8)
        row, column = (self.goal * self.size).astype(int)
        image[row - 3 : row + 3, column - 3 : column + 3] = (250, 60, 30)
        return {"agent_pos": self.place, "pixels": dict.fromkeys(self.cameras, image)}


def arm(size: int = 32) -> gymnasium.Env:
    """A function that makes one."""
    return Arm(size)


def straight(env: gymnasium.Env) -> Callable[[Any], np.ndarray]:
    """The expert of `Point`."""
    del env
    return lambda seen: np.clip((seen["environment_state"] - seen["agent_pos"]) / SPEED, -1, 1)


def reaching(env: gymnasium.Env) -> Callable[[Any], np.ndarray]:
    """The expert of `Arm`, which sees the goal in the first pixel to two digits."""

    def act(seen: Any) -> np.ndarray:
        goal = (seen["pixels"]["image"][0, 0].astype(float) - 100) / 100
        way = goal - seen["robot_state"]["eef"]["pos"]
        return np.concatenate([np.clip(way / 0.2, -1, 1), [0.0, 0.0, 0.3], [1.0]])

    return act


def still(env: gymnasium.Env) -> Callable[[Any], np.ndarray]:
    """An expert that never moves."""
    del env
    return lambda seen: np.zeros(2)


def broken(env: gymnasium.Env) -> Callable[[Any], Any]:
    """An expert that raises."""
    del env
    return lambda seen: seen["nowhere"]


def wordy(env: gymnasium.Env) -> Callable[[Any], Any]:
    """An expert whose action is none."""
    del env
    return lambda seen: "left"


def not_an_environment() -> dict[str, int]:
    """What a user might name by mistake."""
    return {}


NUMBER = 3
