"""Dropout that is cheap on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_LEVELS = 2**16


class Dropout(nn.Module):
    """`torch.nn.Dropout` with four draws from each 64-bit random number on a CPU.

    Torch draws one number an element there, which took half of a training step of ACT; this is
    about eight times as fast. The probability is rounded to 1 / 65536.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.probability)
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        draws = words.view(torch.int16)[: x.numel()].view(x.shape)
        keep = draws >= round(self.probability * _LEVELS) - _LEVELS // 2
        return x * keep.to(x.dtype).mul_(1 / (1 - self.probability))
