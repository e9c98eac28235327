"""Flow matching over action chunks, as rectified flow has it.

Lipman et al. 2023, arXiv 2210.02747; Liu et al. 2022, arXiv 2209.03003.

Time runs as in the code of pi0 (openpi) and of SmolVLA: t = 1 is noise, t = 0 is an action. On the
straight line x_t = t noise + (1 - t) action, so that dx/dt = noise - action; that is what a net is
taught. An action is made by going down from t = 1 with dt = -1 / steps: x <- x + dt v(x, t). Liu et
al. and the text of the pi0 paper count the other way: there noise is at time zero, and the velocity
has the opposite sign.

Shapes: B samples, T steps of a chunk, A action dimensions, D >= A dimensions of the flow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ilsweep.trainers.reflow.config import Dims

Velocity = Callable[[Tensor, Tensor], Tensor]
"""A velocity field dx/dt: x (B, T, D) and times (B,) -> (B, T, D)."""


def interpolate(noise: Tensor, actions: Tensor, t: Tensor) -> Tensor:
    """The point x_t of each straight line: (B, T, D), (B, T, D), (B,) -> (B, T, D)."""
    t = t[:, None, None]
    return t * noise + (1 - t) * actions


def velocity_target(noise: Tensor, actions: Tensor) -> Tensor:
    """dx/dt on the straight line, from the action towards the noise."""
    return noise - actions


def sample_times(count: int, generator: torch.Generator | None = None) -> Tensor:
    """Times of training (B,), in [0.001, 1]: 0.999 Beta(1.5, 1) + 0.001, more of them noisy.

    openpi, `Pi0.compute_loss`. Beta(a, 1) has the distribution function t^a, which is inverted.
    """
    return 0.001 + 0.999 * torch.rand(count, generator=generator) ** (1 / 1.5)


def integrate(velocity: Velocity, noise: Tensor, steps: int) -> Tensor:
    """Euler's method from t = 1 down to t = 0 in equal steps; its error is of order 1 / steps."""
    x = noise
    for step in range(steps):
        t = torch.full((noise.shape[0],), 1 - step / steps, dtype=x.dtype, device=x.device)
        x = x - velocity(x, t) / steps
    return x


def straightness(velocity: Velocity, noise: Tensor, steps: int, dims: slice) -> float:
    """Mean |dx/dt - (x_1 - x_0)|^2 over |x_1 - x_0|^2 of the paths from `noise`; 0 is straight.

    Liu et al. 2022, equation 7, made relative, by Euler steps, over the dimensions `dims`.
    """
    seen: list[Tensor] = []

    def watched(x: Tensor, t: Tensor) -> Tensor:
        seen.append(velocity(x, t))
        return seen[-1]

    end = integrate(watched, noise, steps)
    chord = (noise - end)[..., dims]
    off = torch.stack([v[..., dims] - chord for v in seen])
    return float(off.square().sum(dim=(1, 2, 3)).mean() / chord.square().sum())


def matching_errors(velocity: Velocity, noise: Tensor, actions: Tensor, t: Tensor) -> Tensor:
    """Squared error of the velocity at x_t, per number: (B, T, D)."""
    predicted = velocity(interpolate(noise, actions, t), t)
    return (predicted - velocity_target(noise, actions)).square()


@dataclass(frozen=True)
class Padding:
    """Actions of `valid` dimensions in a flow of `total`: the rest is padding, as pi0 has it."""

    valid: int
    total: int

    def __post_init__(self) -> None:
        if self.total <= self.valid:
            raise ValueError(
                f"padded_dim must be more than the robot's {self.valid} dimensions, "
                f"got {self.total}"
            )

    def dims(self, which: Dims) -> slice:
        """The dimensions that `valid` or `all` names."""
        return slice(0, self.valid if which == "valid" else self.total)

    @property
    def padded(self) -> slice:
        """The dimensions beyond the robot's own."""
        return slice(self.valid, self.total)

    def pad(self, actions: Tensor) -> Tensor:
        """Actions (..., A) with zeros behind them: (..., D)."""
        return F.pad(actions, (0, self.total - self.valid))

    def unpad(self, x: Tensor) -> Tensor:
        """The robot's own dimensions: (..., D) -> (..., A)."""
        return x[..., : self.valid]

    def noise(
        self, which: Dims, samples: int, steps: int, generator: torch.Generator | None = None
    ) -> Tensor:
        """Standard normal noise (B, T, D); where `which` is `valid`, zero in the padding.

        The valid dimensions get the same numbers either way.
        """
        drawn = torch.randn(samples, steps, self.total, generator=generator)
        return drawn if which == "all" else self.pad(self.unpad(drawn))
