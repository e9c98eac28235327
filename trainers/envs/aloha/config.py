"""What demonstrations of gym-aloha are asked for. Imports no numpy."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import AfterValidator, field_validator

from ilsweep.trainers.core.contract import param
from ilsweep.trainers.data.mistakes import Mistake
from ilsweep.trainers.data.source import (
    RecordedSource,
    checked_cameras,
    checked_size,
)

Task = Literal["transfer_cube", "insertion"]
Camera = Literal["top", "angle", "front_close", "left_pillar", "right_pillar"]
Control = Literal["joint", "ee"]

INSTALL = "pip install 'ilsweep[aloha]'"
CONTROL_HZ = 50.0
"""Control ticks a second of the simulated robot."""


class DataConfig(RecordedSource):
    """Which demonstrations of gym-aloha a sweep trains on."""

    controls: ClassVar[tuple[str, ...]] = get_args(Control)
    has_groups: ClassVar[bool] = True
    actions_are: ClassVar[Literal["states", "changes"] | None] = "states"
    loader: ClassVar[str] = "ilsweep.trainers.envs.aloha.source:RECORDER.load"

    source: Literal["aloha"] = "aloha"
    """Where the demonstrations come from: `aloha` records a scripted expert in gym-aloha."""
    task: Task = "transfer_cube"
    """What the two arms do: hand over a cube, or insert a peg into a socket in mid-air."""
    cameras: Annotated[tuple[Camera, ...], AfterValidator(checked_cameras)] = param(
        ("top",), min_length=1, max_length=3
    )
    """One to three cameras of the simulated scene, by their names there."""
    image_size: Annotated[tuple[int, int], AfterValidator(checked_size)] = param(
        (64, 80), unit="pixels: height, width"
    )
    """Size of every image; 16 to 480 by 16 to 640."""
    rate_hz: float = param(12.5, gt=0, le=CONTROL_HZ, unit="frames per second")
    """Frames and actions a second; 50 divided by a whole number."""

    @field_validator("rate_hz")
    @classmethod
    def _rate_divides_control(cls, rate: float) -> float:
        ticks = CONTROL_HZ / rate
        if ticks > 10 or abs(ticks - round(ticks)) > 1e-9:
            valid = ", ".join(f"{CONTROL_HZ / n:g}" for n in (1, 2, 4, 5, 10))
            raise ValueError(f"must be 50 Hz over a whole number up to 10 (as {valid}), got {rate}")
        return rate

    def missing(self) -> list[Mistake]:
        there = find_spec("gym_aloha") is not None
        return [] if there else [Mistake("source", "needs gym-aloha", self.source, INSTALL)]

    @property
    def ticks_per_frame(self) -> int:
        """Control ticks from one recorded frame to the next."""
        return round(CONTROL_HZ / self.rate_hz)
