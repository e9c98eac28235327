"""What demonstrations are asked for. Imports no numpy, so that a spec is checked in no time."""

from __future__ import annotations

from typing import ClassVar, Literal, Self, get_args

from pydantic import field_validator, model_validator

from trainers.contract import Params, param

Task = Literal["transfer_cube", "insertion"]
Camera = Literal["top", "angle", "front_close", "left_pillar", "right_pillar"]
DomainName = Literal["source", "target"]
Control = Literal["joint", "ee"]

CONTROL_HZ = 50.0
"""Control ticks a second of the simulated robot."""


class DataConfig(Params):
    """Which demonstrations a sweep trains on; equal configurations give equal arrays."""

    controls: ClassVar[tuple[str, ...]] = get_args(Control)
    """Names of the ways in which the robot can be commanded."""

    source: Literal["aloha"] = "aloha"
    """Where the demonstrations come from: `aloha` records a scripted expert in gym-aloha."""
    task: Task = "transfer_cube"
    """What the two arms do: hand over a cube, or insert a peg into a socket in mid-air."""
    episodes: int = param(40, ge=2, le=10_000, unit="episodes per domain")
    """Successful episodes recorded in each domain, held-out ones included."""
    observation: Literal["images", "state"] = "images"
    """What a policy sees beside the joints: camera images, or the poses of the objects."""
    cameras: tuple[Camera, ...] = param(("top",), min_length=1, max_length=3)
    """One to three cameras of the simulated scene, by their names there."""
    image_size: tuple[int, int] = param((64, 80), unit="pixels: height, width")
    """Size of every image; 16 to 480 by 16 to 640."""
    rate_hz: float = param(12.5, gt=0, le=CONTROL_HZ, unit="frames per second")
    """Frames and actions a second; 50 divided by a whole number."""
    seed: int = param(0, ge=0, lt=2**31)
    """Decides the object poses, the expert's variation and the held-out episodes."""
    holdout: float = param(0.1, gt=0, lt=1, unit="share of the episodes")
    """Share of each domain's episodes that is kept from training, at least one episode."""
    domains: tuple[DomainName, ...] = ("source",)
    """`[source]`, or `[source, target]`: the target has another viewpoint, light and colours."""

    @field_validator("image_size")
    @classmethod
    def _size_in_range(cls, size: tuple[int, int]) -> tuple[int, int]:
        height, width = size
        if not (16 <= height <= 480 and 16 <= width <= 640):
            raise ValueError(
                f"height must lie in 16..480 and width in 16..640, got {height} x {width}"
            )
        return size

    @field_validator("rate_hz")
    @classmethod
    def _rate_divides_control(cls, rate: float) -> float:
        ticks = CONTROL_HZ / rate
        if abs(ticks - round(ticks)) > 1e-9 or ticks > 10:
            valid = ", ".join(f"{CONTROL_HZ / n:g}" for n in (1, 2, 4, 5, 10))
            raise ValueError(f"must be 50 Hz over a whole number up to 10 (as {valid}), got {rate}")
        return rate

    @field_validator("cameras")
    @classmethod
    def _cameras_differ(cls, cameras: tuple[Camera, ...]) -> tuple[Camera, ...]:
        if len(set(cameras)) < len(cameras):
            raise ValueError(f"each camera at most once, got {list(cameras)}")
        return cameras

    @field_validator("domains")
    @classmethod
    def _domains_known(cls, domains: tuple[DomainName, ...]) -> tuple[DomainName, ...]:
        if domains not in (("source",), ("source", "target")):
            raise ValueError(f"must be [source] or [source, target], got {list(domains)}")
        return domains

    @model_validator(mode="after")
    def _something_left_to_train(self) -> Self:
        if self.heldout_episodes >= self.episodes:
            raise ValueError(
                f"holdout {self.holdout} of {self.episodes} episodes leaves none for training"
            )
        return self

    @property
    def heldout_episodes(self) -> int:
        """Episodes of each domain that training never sees."""
        return max(1, round(self.holdout * self.episodes))

    @property
    def ticks_per_frame(self) -> int:
        """Control ticks from one recorded frame to the next."""
        return round(CONTROL_HZ / self.rate_hz)
