"""Where demonstrations come from: the section `data` of a spec, checked, and how it is loaded.

Imports no numpy, so that a spec is checked in no time; what loads is imported when it is asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import field_validator, model_validator

from ilsweep.trainers.core.contract import Params, param
from ilsweep.trainers.data.features import IMAGES
from ilsweep.trainers.data.mistakes import Mistake

if TYPE_CHECKING:
    from ilsweep.trainers.data.dataset import Demonstrations

Variant = Literal["source", "target"]
Progress = Callable[[int, int, str], None]
"""Told how much of how much is done, and what that is."""
Say = Callable[[str], None]
"""Told a line."""

_log = logging.getLogger(__name__)


def quiet(done: int, total: int, what: str) -> None:
    """Progress that nobody looks at."""
    del done, total, what


class DataSource(Params):
    """Which demonstrations a sweep trains on; equal configurations give equal arrays.

    One source is one subclass, named in `sources.SOURCES` or by a spec as `module:Class`. It names
    a `loader`, or has a `load` of its own.
    """

    controls: ClassVar[tuple[str, ...]]
    """Names of the ways in which the robot can be commanded, the source's own first."""
    loader: ClassVar[str]
    """`module:function` that `load` calls, named and not imported."""

    has_groups: ClassVar[bool] = False
    """Whether the numbers of states and actions have groups: positions, rotations and the like."""
    actions_are: ClassVar[Literal["states", "changes"] | None] = None
    """Whether the numbers of an action are those of the state to reach, or changes of it; None
    where that is not known."""

    source: str
    """Where the demonstrations come from."""
    observation: Literal["images", "state"] = "images"
    """What a policy sees beside the robot: camera images, or the state of the world."""
    seed: int = param(0, ge=0, lt=2**31)
    """Decides the episodes and which of them are held out."""
    holdout: float = param(0.1, gt=0, lt=1, unit="share of the episodes")
    """Share of the episodes that is kept from training, at least one episode."""

    @property
    def has_environment(self) -> bool:
        """Whether policies can be rolled out."""
        return False

    def missing(self) -> list[Mistake]:
        """What has to be installed first on the machine that records or rolls out.

        It is not imported.
        """
        return []

    @property
    def can_replay(self) -> bool:
        """Whether a recorded episode can be begun again in the environment, by its seed."""
        return self.has_environment

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The visual domains that are there."""
        return ("source",)

    @property
    def seen_cameras(self) -> tuple[str, ...] | None:
        """Names of the cameras that a policy sees; None where the configuration does not say."""
        if self.observation == "state":
            return ()
        named = getattr(self, "cameras", None)
        if not named or not isinstance(named, list | tuple):
            return None
        return tuple(str(name).removeprefix(IMAGES) for name in named)

    def load(
        self, cache_dir: Path, progress: Progress = quiet, say: Say = _log.warning
    ) -> Demonstrations:
        """The demonstrations, made or read now unless they are in the cache.

        Any number of processes may ask for the same at once: one makes them, the others wait.

        Raises:
            OSError: the cache cannot be written.
        """
        found: Demonstrations = resolve_name(self.loader)(self, cache_dir, progress, say)
        return found


class RecordedSource(DataSource):
    """Demonstrations that a scripted expert gives in a simulated world."""

    episodes: int = param(40, ge=2, le=10_000, unit="episodes per domain")
    """Successful episodes recorded in each domain, held-out ones included."""
    domains: tuple[Variant, ...] = ("source",)
    """`[source]`, or `[source, target]`: the target has another viewpoint, light and colours."""

    @field_validator("domains")
    @classmethod
    def _domains_known(cls, domains: tuple[Variant, ...]) -> tuple[Variant, ...]:
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
    def has_environment(self) -> bool:
        return True

    @property
    def variants(self) -> tuple[Variant, ...]:
        return self.domains

    @property
    def heldout_episodes(self) -> int:
        """Episodes of each domain that training never sees."""
        return max(1, round(self.holdout * self.episodes))


def checked_size(size: tuple[int, int]) -> tuple[int, int]:
    """A size of images that can be drawn.

    Raises:
        ValueError: it is too small or too large.
    """
    height, width = size
    if not (16 <= height <= 480 and 16 <= width <= 640):
        raise ValueError(f"height must lie in 16..480 and width in 16..640, got {height} x {width}")
    return size


def checked_cameras(cameras: tuple[str, ...]) -> tuple[str, ...]:
    """Cameras, each once.

    Raises:
        ValueError: one stands twice.
    """
    if len(set(cameras)) < len(cameras):
        raise ValueError(f"each camera at most once, got {list(cameras)}")
    return cameras
