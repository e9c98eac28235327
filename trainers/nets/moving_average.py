"""A net whose weights are an exponential moving average of one that learns (Polyak averaging).

Source: Diffusion Policy (Chi et al. 2023, `model/diffusion/ema_model.py` of its repository, power
0.75), RDT-1B and `diffusers.training_utils.EMAModel`.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Generic, TypeVar

import torch
from torch import nn

Net = TypeVar("Net", bound=nn.Module)


class MovingAverage(Generic[Net]):
    """A copy of a net whose weights are an exponential moving average of it.

    The decay grows with the steps to its limit, 1 - (1 + n)^-0.75, so that the first weights are
    forgotten in short trainings.
    """

    def __init__(self, net: Net, limit: float) -> None:
        self.net = deepcopy(net).requires_grad_(False)
        self.limit = limit

    @torch.no_grad()
    def update(self, net: Net, steps: int) -> None:
        """Take in the weights after so many optimiser steps, one or more."""
        decay = min(self.limit, 1 - (1 + steps) ** -0.75)
        for mine, theirs in zip(self.net.parameters(), net.parameters(), strict=True):
            mine.lerp_(theirs, 1 - decay)
