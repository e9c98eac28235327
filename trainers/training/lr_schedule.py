"""Learning rates: one of the visual backbone, one of everything else, and how they fall."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

from ilsweep.trainers.nets.resnet import in_backbone
from ilsweep.trainers.training.config import Schedule


def parameter_groups(net: nn.Module, lr: float, lr_backbone: float) -> list[dict[str, Any]]:
    """Everything but the backbone, and the backbone at its own rate, frozen where that is 0."""
    named = list(net.named_parameters())
    backbone = [p for name, p in named if in_backbone(name)]
    others = [p for name, p in named if not in_backbone(name)]
    for parameter in backbone:
        parameter.requires_grad_(lr_backbone > 0)
    return [{"params": others, "lr": lr}, {"params": backbone, "lr": lr_backbone}]


def factor(schedule: Schedule, step: int, steps: int) -> float:
    """What the learning rates are multiplied by at a step counted from 0."""
    return cosine(step, steps) if schedule == "cosine" else 1.0


def cosine(step: int, steps: int) -> float:
    """Factor of the rate at a step counted from 0; 0 after `steps` (Loshchilov & Hutter 2017)."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
