"""What is noted of an episode while it runs: pictures, positions, results of its steps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ilsweep.trainers.core.environment import Observation, StepResult
from ilsweep.trainers.core.episode import Point
from ilsweep.trainers.data.dataset import Image, cameras_of
from ilsweep.trainers.evaluation.film import shrunk

POINTS = 60
"""Most positions of a path."""


@dataclass
class RunningEpisode:
    """An episode that is not over."""

    seed: int
    extra: bool
    """Whether its pictures are drawn for the film alone."""
    finest: int
    """Actions between two pictures, at least."""
    drawn_from: float | None = None
    """What films had taken when drawing began, where the episode is drawn for its film alone."""
    steps: list[StepResult] = field(default_factory=list)
    pictures: list[Image] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    seconds: float = 0.0
    """What the policy's looks took."""

    @property
    def unseen_for(self) -> int:
        """Actions since the last picture."""
        return len(self.steps) - self.times[-1] if self.times else 0

    def see(self, seen: Observation, point: Point, seconds: float) -> None:
        """Note what is seen now, at most every `finest` actions."""
        self.seconds += seconds
        cameras = cameras_of(seen)[:1]
        if cameras and self.times and self.unseen_for < self.finest:
            return
        if point:
            self.points.append(point)
        for camera in cameras:
            self.show(seen[camera][0])

    def show(self, picture: Image) -> None:
        """Keep a picture (H, W, 3) of now."""
        self.pictures.append(shrunk(picture))
        self.times.append(len(self.steps))


def thinned(points: list[Point]) -> tuple[Point, ...]:
    """At most `POINTS` of them, the first and the last included."""
    if len(points) <= POINTS:
        return tuple(points)
    chosen = np.linspace(0, len(points) - 1, POINTS).round().astype(int)
    return tuple(points[i] for i in chosen)
