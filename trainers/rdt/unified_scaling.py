"""The scale in which a net sees unified vectors, and the way back.

The three remedies of the note on position scales come down to this and to the loss's weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ilsweep.trainers.data.dataset import STD_FLOOR, Float
from ilsweep.trainers.rdt.config import Normalize
from ilsweep.trainers.rdt.unified import UNIFIED_LEN, UnifiedSpace


@dataclass(frozen=True)
class Scaling:
    """x -> (x - offset) * factor, number by number; what a robot does not have stays zero."""

    offset: Float
    """(128,)"""
    factor: Float
    """(128,)"""

    @classmethod
    def of(
        cls,
        space: UnifiedSpace,
        ends: tuple[Float, Float],
        position_scale: float,
        normalize: Normalize,
        floor: Float | float = STD_FLOOR,
    ) -> Self:
        """For unified training values whose smallest and largest are `ends`, (128,) each.

        Positions are multiplied by `position_scale` (100: metres to centimetres). With `minmax`
        every number is brought from its training range to -1..1, as RDT's ManiSkill code does; a
        range below twice its `floor` counts as that. A position's scale cancels then.
        """
        offset = np.zeros(UNIFIED_LEN, dtype=np.float32)
        factor = np.ones(UNIFIED_LEN, dtype=np.float32)
        if normalize == "minmax":
            low, high = ends
            offset[space.mask] = ((low + high) / 2)[space.mask]
            factor[space.mask] = (1 / np.maximum((high - low) / 2, floor))[space.mask]
        elif "position" in space.kinds():
            factor[space.kinds()["position"]] = position_scale
        return cls(offset, factor)

    def forward(self, values: Float) -> Float:
        """Unified vectors (..., 128) as the net sees them."""
        return np.asarray((values - self.offset) * self.factor)

    def inverse(self, values: Float) -> Float:
        """What the net made of them (..., 128) in physical units."""
        return np.asarray(values / self.factor + self.offset)
