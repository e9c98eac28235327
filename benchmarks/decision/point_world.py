"""A point that has to reach a goal on a plane: a world whose policies train in a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class PointWorld(gym.Env[Array, Array]):  # type: ignore[misc]
    """Place and goal are seen, (4,); actions are velocities, (2,)."""

    metadata: ClassVar[dict[str, Any]] = {}
    observation_space = gym.spaces.Box(-2, 2, (4,), np.float32)
    action_space = gym.spaces.Box(-1, 1, (2,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        super().reset(seed=seed)
        self.place = self.np_random.uniform(-1, 1, 2)
        self.goal = self.np_random.uniform(-1, 1, 2)
        return self._seen(), {}

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        self.place = np.clip(self.place + 0.1 * np.asarray(action), -2, 2)
        done = float(np.linalg.norm(self.place - self.goal)) < 0.08
        return self._seen(), 0.0, False, False, {"is_success": done}

    def _seen(self) -> Array:
        return np.concatenate([self.place, self.goal]).astype(np.float32)


def expert(env: gym.Env[Array, Array]) -> Callable[[Array], Array]:
    """Goes straight to the goal."""
    return lambda seen: np.clip(10 * (seen[2:] - seen[:2]), -1, 1)
