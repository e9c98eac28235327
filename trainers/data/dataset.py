"""Demonstrations in memory: what was asked for, what a domain holds, how a batch is cut from it.

Only numpy: a batch can be drawn without a simulator.

Shapes: N frames of a domain, E episodes, B batch, T chunk length, K object-pose numbers,
D/A numbers of a state/action, H and W image height and width. Frames are counted over the whole
domain; episode e holds the frames `episode_starts[e] : episode_starts[e + 1]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.core.contract import DataDescription
from ilsweep.trainers.core.environment import EnvironmentSpec, Observation
from ilsweep.trainers.data.alignment import Alignment
from ilsweep.trainers.data.features import ACTION, ENVIRONMENT, IMAGES, ControlMode, ControlModes

Float = NDArray[np.float32]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]
Image = NDArray[np.uint8]

Array = NDArray[Any]


def batch_size(observation: Observation) -> int:
    """How many frames B an observation holds."""
    return len(next(iter(observation.values())))


def rows_of(observation: Observation, rows: slice) -> Observation:
    """Some of the B frames."""
    return {key: values[rows] for key, values in observation.items()}


def cameras_of(features: Iterable[str]) -> tuple[str, ...]:
    """Those features that are images."""
    return tuple(key for key in features if key.startswith(IMAGES))


@dataclass(frozen=True)
class Statistics:
    """Moments and range of one quantity over training frames, each (D,)."""

    mean: Float
    std: Float
    """At least `STD_FLOOR`, so that a number that never moves can be divided by it."""
    min: Float
    max: Float


STD_FLOOR = 1e-2
"""Smallest standard deviation handed out (rad, m or gripper share), as in ACT's own statistics."""


@dataclass(frozen=True)
class Domain:
    """Recorded episodes of one visual domain; arrays are memory-mapped and must not be written."""

    name: str
    features: Mapping[str, Array]
    """Feature name to (N, D), or to (N, H, W, 3) for a camera."""
    phase: Float
    """(N,) the expert's progress: way-points passed plus the share of the way to the next; of a
    data set the share of the episode."""
    episode_starts: Int
    """(E + 1,) first frame of each episode, and N."""
    seeds: Int | None
    """(E,) seed with which the environment repeats the episode; None where there is none."""
    train_episodes: Int
    """Episodes for training, ascending."""
    heldout_episodes: Int
    """The other episodes, ascending."""

    def __post_init__(self) -> None:
        frames = int(self.episode_starts[-1])
        lengths = {"phase": len(self.phase), **{key: len(v) for key, v in self.features.items()}}
        wrong = {key: length for key, length in lengths.items() if length != frames}
        if wrong:
            raise ValueError(f"domain {self.name} has {frames} frames, but {wrong}")

    @property
    def cameras(self) -> tuple[str, ...]:
        """Features that are images; none where the state of the world is observed."""
        return cameras_of(self.features)

    @cached_property
    def train_frames(self) -> Int:
        """Frames of the training episodes, ascending."""
        return self.frames_of(self.train_episodes)

    @cached_property
    def heldout_frames(self) -> Int:
        """Frames of the held-out episodes, ascending."""
        return self.frames_of(self.heldout_episodes)

    def frames_of(self, episodes: Int) -> Int:
        """All frames of some episodes, in the episodes' order."""
        starts = self.episode_starts
        each = [np.arange(starts[e], starts[e + 1]) for e in episodes]
        return np.concatenate([*each, np.empty(0, np.int64)])

    def episode_of(self, frames: Int) -> Int:
        """The episode of each frame."""
        return np.searchsorted(self.episode_starts, frames, side="right").astype(np.int64) - 1

    def __getitem__(self, key: str) -> Array:
        """A feature, by name."""
        return self.features[key]

    def vector(self, key: str) -> Float:
        """The whole (N, D) array of a feature that is no image."""
        return np.asarray(self[key], np.float32)


@dataclass(frozen=True)
class Demonstrations:
    """Everything that a trainer learns from."""

    config: DataDescription
    controls: ControlModes
    """The ways in which the robot can be commanded; the first is the source's own."""
    source: Domain
    target: Domain | None
    """The second visual domain, where the configuration asks for one."""
    alignment: Alignment | None
    """Which target frame belongs to a source frame of training; there with `target`."""
    environment: EnvironmentSpec | None
    """Where a policy can be rolled out; None where there is nowhere."""
    _statistics: dict[str, Statistics] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def control(self, name: str | None) -> ControlMode:
        """A way to command the robot, by name; the source's own for None.

        Raises:
            ValueError: there is no such way.
        """
        if name is None:
            return next(iter(self.controls.values()))
        if name not in self.controls:
            raise ValueError(
                f"control: not one of this data, got {name}; valid: {', '.join(self.controls)}"
            )
        return self.controls[name]

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of every image; zeros without images."""
        for camera in self.source.cameras:
            _, height, width, _ = self.source[camera].shape
            return height, width
        return 0, 0

    @property
    def observed(self) -> tuple[str, ...]:
        """Features that a policy sees."""
        hidden = set() if self.config.observation == "state" else {ENVIRONMENT}
        return tuple(key for key in self.source.features if key.startswith("observation.")
                     and key not in hidden)  # fmt: skip

    def observe(self, domain: Domain, frames: Int) -> Observation:
        """The observations of B frames, copied."""
        return {key: domain[key][frames] for key in self.observed}

    def statistics(self, key: str) -> Statistics:
        """Moments and range over the source's training frames; computed once."""
        if key not in self._statistics:
            values = self.source.vector(key)[self.source.train_frames].astype(np.float64)
            self._statistics[key] = Statistics(
                mean=values.mean(0).astype(np.float32),
                std=np.maximum(values.std(0), STD_FLOOR).astype(np.float32),
                min=values.min(0).astype(np.float32),
                max=values.max(0).astype(np.float32),
            )
        return self._statistics[key]

    def sample_aligned(self, rng: np.random.Generator, batch: int, window: int) -> tuple[Int, Int]:
        """Draw source training frames (B,) and a target frame (B,) for each.

        A target frame is the aligned one plus a whole number drawn uniformly from
        -window..window, kept within the target episode.
        """
        assert self.alignment is not None, "needs domains: [source, target]"
        source = rng.choice(self.source.train_frames, size=batch)
        return source, self.alignment.targets(rng, source, window)


def chunk(domain: Domain, frames: Int, length: int, action: str = ACTION) -> tuple[Float, Bool]:
    """The next `length` actions from each of B frames: actions (B, T, A) and is_pad (B, T).

    After the end of an episode its last action is repeated and `is_pad` is true.
    """
    steps = frames[:, None] + np.arange(length)  # (B, T)
    ends = domain.episode_starts[domain.episode_of(frames) + 1][:, None]  # (B, 1)
    return domain.vector(action)[np.minimum(steps, ends - 1)], steps >= ends


def evenly_spaced(frames: Int, count: int) -> Int:
    """At most `count` of some frames, evenly spaced, the first and the last included."""
    spaced = np.linspace(0, frames.size - 1, min(count, frames.size))
    picked: Int = frames[spaced.round().astype(np.int64)]
    return picked
