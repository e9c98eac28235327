"""Learning rates: one of the visual backbone, one of everything else, and how they fall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import nn


def in_backbone(name: str) -> bool:
    """Whether a parameter of that name belongs to the visual backbone."""
    return "backbone" in name.split(".")


def parameter_groups(net: nn.Module, lr: float, lr_backbone: float) -> list[dict[str, Any]]:
    """Everything but the backbone, and the backbone at its own rate, frozen where that is 0."""
    named = list(net.named_parameters())
    backbone = [p for name, p in named if in_backbone(name)]
    others = [p for name, p in named if not in_backbone(name)]
    for parameter in backbone:
        parameter.requires_grad_(lr_backbone > 0)
    return [{"params": others, "lr": lr}, {"params": backbone, "lr": lr_backbone}]


def set_rates(optimizer: torch.optim.Optimizer, share: float, rates: Sequence[float]) -> None:
    """Give each group of the optimiser that share of its rate."""
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = share * rate


def cosine(step: int, steps: int) -> float:
    """Share of the rate at a step counted from 0; zero after `steps` (Loshchilov & Hutter 2017)."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
