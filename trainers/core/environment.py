"""Where a policy acts: an `Environment` runs one episode at a time, an `EnvironmentSpec` makes it.

Observations are pulled: a picture is drawn only when the policy asks for one. With gymnasium's
`step() -> observation` every step of an executed chunk of actions would be drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Observation = Mapping[str, NDArray[Any]]
"""What a policy sees, for B frames at once (B = 1 at rollout): feature name to (B, D), or to
(B, H, W, 3) for a camera, `observation.images.NAME`."""


@dataclass(frozen=True)
class StepResult:
    """What one action led to."""

    reward: float
    """Progress, within the specification's `reward_range`."""
    success: bool
    """Whether the task is done at this moment."""
    terminated: bool = False
    """The episode cannot go on (the physics broke down, the task is over) until the next reset."""
    truncated: bool = False
    """The environment itself gave the episode up."""


class Environment(Protocol):
    """One episode at a time.

    The seed alone decides an episode: the same seed and actions give the same rewards and
    observations, in whatever order episodes are run.
    """

    def reset(self, seed: int) -> None:
        """Start the episode of a seed; nothing is remembered."""
        ...

    def observe(self) -> Observation:
        """What a policy sees now, as a batch of one."""
        ...

    def step(self, action: NDArray[np.floating]) -> StepResult:
        """Take an action (A,), in the physical units of the demonstrated ones.

        Raises:
            ValueError: the action has another shape, or a number that is not finite.
        """
        ...

    def close(self) -> None:
        """Let go of windows, files and memory; closing twice does nothing."""
        ...


Expert = Callable[[Any, int], Iterator[NDArray[np.floating]]]
"""The actions (A,) that solve the episode which an environment has just begun with a seed, one at a
time: each is computed from what the environment is when it is asked for, after the last was
executed. They end where the expert is done."""


@dataclass(frozen=True)
class EnvironmentSpec:
    """How to make the environment that demonstrations come from, and what is known of it."""

    make: Callable[[str, str], Environment]
    """The environment of a control mode and a visual domain. Picklable."""
    max_steps: int
    """Actions after which an episode is given up."""
    reward_range: tuple[float, float]
    """Smallest and largest reward of a step."""
    forward_kinematics: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None
    """Joint actions (N, A) to poses of the end effectors (N, E, 8): position in m, unit quaternion
    wxyz, gripper; None where it is not known."""
    expert: Expert | None = None
    """Solves episodes in the data's first control mode, to show that they can be solved; None where
    nobody knows how. Picklable."""
    make_unseen: Callable[[str, str], Environment] | None = None
    """The same environment without a camera, for a policy that is shown other pictures; None where
    it always draws. Picklable."""
    draw: Callable[[Any], NDArray[np.uint8]] | None = None
    """A picture (H, W, 3) of an environment that `make` made, as it is now, for films of a policy
    that sees none; None where a picture takes long. Picklable."""
    noise: Callable[[int, int], NDArray[np.float64]] | None = None
    """What was added to the first actions of a demonstration when they were executed, by its seed
    and their number T: (T, A). None for nothing. Picklable."""
