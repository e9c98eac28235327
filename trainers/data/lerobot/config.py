"""What demonstrations are asked for of a LeRobotDataset v3. Imports no numpy."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import field_validator

from ilsweep.trainers.core.contract import param
from ilsweep.trainers.data.gym_env import GymEnv
from ilsweep.trainers.data.mistakes import Mistake
from ilsweep.trainers.data.source import DataSource


class LeRobotDataConfig(DataSource):
    """Which demonstrations of a LeRobotDataset a sweep trains on."""

    controls: ClassVar[tuple[str, ...]] = ("joint",)
    loader: ClassVar[str] = "ilsweep.trainers.envs.lerobot:load"

    source: Literal["lerobot"] = "lerobot"
    """Where the demonstrations come from: `lerobot` reads a LeRobotDataset v3."""
    root: Path
    """Folder of the data set, the one with `meta/info.json`; relative to the spec."""
    state: str = "observation.state"
    """Key of the robot's own state."""
    action: str = "action"
    """Key of the actions."""
    observation: Literal["images", "state"] = "images"
    """What a policy sees beside the state: images, or `observation.environment_state`."""
    cameras: tuple[str, ...] = ()
    """Names after `observation.images.`, or whole keys; empty: all of them."""
    image_size: tuple[int, int] | None = param(None, unit="pixels: height, width")
    """Size that images are made smaller to; null: as recorded, the same for all cameras."""
    episodes: int | None = param(None, ge=2)
    """The first so many episodes; null: all."""
    env: GymEnv | None = None
    """A gymnasium environment that its policies are rolled out in; null: there is none."""

    @property
    def has_environment(self) -> bool:
        return self.env is not None

    @property
    def can_replay(self) -> bool:
        return False  # a data set does not say with which seed an episode began

    @field_validator("cameras")
    @classmethod
    def _whole_keys(cls, cameras: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(cameras)) < len(cameras):
            raise ValueError(f"each camera at most once, got {list(cameras)}")
        return cameras

    @field_validator("image_size")
    @classmethod
    def _size_in_range(cls, size: tuple[int, int] | None) -> tuple[int, int] | None:
        if size is not None and min(size) < 16:
            raise ValueError(f"height and width must be at least 16, got {size[0]} x {size[1]}")
        return size

    def missing(self) -> list[Mistake]:
        return self.env.missing() if self.env else []
