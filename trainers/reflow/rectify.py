"""Pairs of noise and a teacher's actions, and the student's loss on them (Liu et al. 2022).

Shapes: B samples, T steps of a chunk, D padded dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ilsweep.trainers.nets.device import on_device
from ilsweep.trainers.nets.preprocessing import Inputs
from ilsweep.trainers.reflow.config import Dims, ReflowConfig
from ilsweep.trainers.reflow.flow import Padding, Velocity, integrate, matching_errors
from ilsweep.trainers.reflow.network import VelocityNet


@dataclass(frozen=True)
class Pair:
    """Where paths begin and what they are to end at, (B, T, D) each."""

    noise: Tensor
    made: Tensor
    """What the teacher made of the noise."""
    target: Tensor
    """What the student is taught to make of it."""


@dataclass(frozen=True)
class Rectify:
    """How a student is taught to go straight where its teacher goes."""

    config: ReflowConfig
    padding: Padding
    teacher: VelocityNet
    device: torch.device

    def noise(self, dims: Dims, samples: int, generator: torch.Generator | None = None) -> Tensor:
        """Where paths begin, (B, T, D); drawn on the CPU, the same on every device."""
        drawn = self.padding.noise(dims, samples, self.config.chunk_size, generator)
        return on_device(drawn, self.device)

    def pair(self, inputs: Inputs, noise: Tensor) -> Pair:
        """What the teacher makes of noise, and what becomes of that before the student sees it."""
        with torch.no_grad():
            made = integrate(self.teacher.field(inputs), noise, self.config.teacher_euler_steps)
        target = made
        if self.config.target == "repadded":
            target = self.padding.pad(self.padding.unpad(made))
        return Pair(noise, made, target)

    def loss(self, velocity: Velocity, pair: Pair, t: Tensor) -> tuple[Tensor, dict[str, Any]]:
        """The student's loss and its two halves (Liu et al. 2022, equation 1)."""
        errors = matching_errors(velocity, pair.noise, pair.target, t)
        parts = {
            "train/valid_error": self.padding.unpad(errors).detach().mean(),
            "train/padding_error": errors[..., self.padding.padded].detach().mean(),
        }
        return errors[..., self.padding.dims(self.config.loss_dims)].mean(), parts
