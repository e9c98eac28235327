"""What demonstrations of Meta-World are asked for. Imports no numpy."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, field_validator

from ilsweep.trainers.core.contract import param
from ilsweep.trainers.core.named import near
from ilsweep.trainers.data.mistakes import Mistake
from ilsweep.trainers.data.source import (
    RecordedSource,
    checked_cameras,
    checked_size,
)

Camera = Literal["topview", "corner", "corner2", "corner3", "behindGripper", "gripperPOV"]

_NAMES = """
    assembly basketball bin-picking box-close button-press button-press-topdown
    button-press-topdown-wall button-press-wall coffee-button coffee-pull coffee-push dial-turn
    disassemble door-close door-lock door-open door-unlock drawer-close drawer-open faucet-close
    faucet-open hammer hand-insert handle-press handle-press-side handle-pull handle-pull-side
    lever-pull peg-insert-side peg-unplug-side pick-out-of-hole pick-place pick-place-wall
    plate-slide plate-slide-back plate-slide-back-side plate-slide-side push push-back push-wall
    reach reach-wall shelf-place soccer stick-pull stick-push sweep sweep-into window-close
    window-open
"""
TASKS = tuple(f"{name}-v3" for name in _NAMES.split())
"""Every task of Meta-World 3, by its name there."""

INSTALL = "pip install 'metaworld>=3.0,<3.1' packaging"


class MetaWorldConfig(RecordedSource):
    """Which demonstrations of Meta-World a sweep trains on."""

    controls: ClassVar[tuple[str, ...]] = ("delta_ee",)
    """How far the hand is to move and how the gripper is to close, each in -1..1."""
    has_groups: ClassVar[bool] = True
    actions_are: ClassVar[Literal["states", "changes"] | None] = "changes"
    loader: ClassVar[str] = "ilsweep.trainers.envs.metaworld.recording:RECORDER.load"

    source: Literal["metaworld"] = "metaworld"
    """Where the demonstrations come from: `metaworld` records its scripted experts."""
    task: str = "door-open-v3"
    """What the arm does: a task of Meta-World 3, by its name there."""
    episodes: int = param(28, ge=2, le=10_000, unit="episodes per domain")
    """Successful episodes recorded in each domain, held-out ones included."""
    cameras: Annotated[tuple[Camera, ...], AfterValidator(checked_cameras)] = param(
        ("corner2", "gripperPOV"), min_length=1, max_length=3
    )
    """One to three cameras of the scene, by their names there."""
    image_size: Annotated[tuple[int, int], AfterValidator(checked_size)] = param(
        (64, 64), unit="pixels: height, width"
    )
    """Size of every image; 16 to 480 by 16 to 640."""
    action_noise: float = param(
        0.15, ge=0, le=1, unit="standard deviation, of a range of -1..1", source="arXiv 1703.09327"
    )
    """Noise on the actions that are executed while recording; the expert's own are what is
    recorded, so that the demonstrations show the way back."""
    max_steps: int = param(200, gt=0, le=500, unit="actions")
    """Actions after which an episode is given up."""

    @field_validator("task")
    @classmethod
    def _a_task_that_there_is(cls, task: str) -> str:
        if task not in TASKS:
            found = near(task, TASKS) or TASKS[:3]
            raise ValueError(f"not a task of Meta-World 3; valid: {', '.join(found)}")
        return task

    def missing(self) -> list[Mistake]:
        there = find_spec("metaworld") is not None
        return [] if there else [Mistake("source", "needs Meta-World", self.source, INSTALL)]
