"""The range of the demonstrated actions, and what lies outside of it.

Shapes: A action dimensions, ... any leading axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ilsweep.trainers.data.dataset import STD_FLOOR, Bool, Float, Int, Statistics


@dataclass(frozen=True)
class Limits:
    """Where actions may go: the training range, widened by a share of its width on both sides."""

    low: Float
    """(A,)"""
    high: Float
    """(A,)"""

    @classmethod
    def of(cls, statistics: Statistics, margin: float, free: Int) -> Self:
        """The range of training actions (A,); a width below `STD_FLOOR` counts as that.

        The dimensions `free` have no limits.
        """
        room = margin * np.maximum(statistics.max - statistics.min, STD_FLOOR)
        room[free] = np.inf
        return cls(statistics.min - room, statistics.max + room)

    def clip(self, actions: Float) -> Float:
        """Actions (..., A) within the limits."""
        return np.clip(actions, self.low, self.high)

    def outside(self, actions: Float) -> Bool:
        """Which numbers of actions (..., A) lie outside."""
        return np.asarray((actions < self.low) | (actions > self.high))
