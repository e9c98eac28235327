"""A Gaussian actor after SERL and HIL-SERL (rail-berkeley, `networks/actor_critic_nets.py`).

A perceptron gives the mean and the standard deviation of each action dimension. As there, the
deviation is clipped to [std_min, std_max], so that its head has no gradient beyond the bounds, and
`squash` sends the normal through a tanh into a box. HIL-SERL's behaviour cloning squashes nothing,
takes the exponential, and bounds the deviation by 1e-5 and 5 (log-std -11.5 and 1.61).

Shapes: B samples, C cameras, A action dimensions. Actions are standardised; a likelihood is that of
standardised actions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ilsweep.trainers.bc.config import BCConfig
from ilsweep.trainers.nets.backbone import make_backbone, map_size
from ilsweep.trainers.nets.dropout import Dropout
from ilsweep.trainers.nets.preprocessing import Inputs, Preprocessor

EDGE = 1e-6
"""Squashed actions are kept so far inside (-1, 1), as in HIL-SERL: at the border tanh has no
inverse."""


@dataclass(frozen=True)
class Box:
    """The range that a squashed distribution lives in, (A,) each."""

    low: Tensor
    high: Tensor

    def inside(self, actions: Tensor) -> Tensor:
        """Actions as numbers in (-1, 1)."""
        unit = 2 * (actions - self.low) / (self.high - self.low) - 1
        return unit.clamp(-1 + EDGE, 1 - EDGE)

    def outside(self, unit: Tensor) -> Tensor:
        """The inverse of `inside`."""
        return self.low + 0.5 * (unit + 1) * (self.high - self.low)


@dataclass(frozen=True)
class Terms:
    """The three parts of a negative log-likelihood in nats, (B,) each."""

    log_std: Tensor
    """Sum over the dimensions of log std: what a wide distribution costs."""
    residual: Tensor
    """Half the sum of squared errors in predicted standard deviations."""
    rest: Tensor
    """A / 2 log(2 pi), and the volume that the squashing changes."""

    @property
    def nll(self) -> Tensor:
        """Their sum."""
        return self.log_std + self.residual + self.rest


@dataclass(frozen=True)
class Gaussian:
    """A diagonal normal distribution over actions, squashed where there is a box."""

    mean: Tensor
    """(B, A), before the squashing."""
    std: Tensor
    """(B, A), before the squashing."""
    box: Box | None = None

    def mode(self) -> Tensor:
        """The action (B, A) that is executed.

        As in SERL the squashed mean, whose density is not quite the highest.
        """
        return self.mean if self.box is None else self.box.outside(self.mean.tanh())

    def terms(self, actions: Tensor) -> Terms:
        """The negative log-likelihood of actions (B, A), taken apart.

        Unsquashed: sum_d [log std + z^2 / 2 + log(2 pi) / 2], z = (a - mean) / std. Squashed: that
        of u = atanh(a'), a' in (-1, 1), plus the log-determinant of a = box(tanh u), which is
        sum_d [log(half width) + log(1 - tanh(u)^2)].
        """
        rest = actions.new_full(actions.shape[:-1], 0.5 * math.log(2 * math.pi) * actions.shape[-1])
        if self.box is not None:
            unit = self.box.inside(actions)
            actions = unit.atanh()
            half = 0.5 * (self.box.high - self.box.low)
            rest = rest + (half.log() + torch.log1p(-unit.square())).sum(dim=-1)
        z = (actions - self.mean) / self.std
        return Terms(self.std.log().sum(dim=-1), 0.5 * z.square().sum(dim=-1), rest)


class Vision(nn.Module):
    """Images to one embedding: a backbone, then learned spatial embeddings and a bottleneck.

    The spatial embedding is SERL's: each of `KERNELS` weights per place and channel gives one
    weighted sum over the places. The cameras share all weights.
    """

    KERNELS = 8

    def __init__(
        self, config: BCConfig, preprocessor: Preprocessor, image_size: tuple[int, int]
    ) -> None:
        super().__init__()
        self.backbone = make_backbone(config, len(preprocessor.cameras))
        height, width = map_size(config, image_size)
        channels = self.backbone.channels
        self.places = nn.Parameter(torch.empty(self.KERNELS, channels, height, width))
        nn.init.normal_(self.places, std=(height * width) ** -0.5)
        self.bottleneck = nn.Sequential(
            nn.Linear(len(preprocessor.cameras) * channels * self.KERNELS, config.image_dim),
            nn.LayerNorm(config.image_dim),
            nn.Tanh(),
        )

    def features(self, images: Tensor) -> Tensor:
        """The backbone's maps: images (B, C, 3, H, W) -> (B, C, channels, h, w)."""
        maps: Tensor = self.backbone(images.flatten(0, 1)).unflatten(0, images.shape[:2])
        return maps

    def forward(self, images: Tensor) -> Tensor:
        maps = self.features(images)
        seen = torch.einsum("bnchw,kchw->bnck", maps, self.places)
        embedding: Tensor = self.bottleneck(seen.flatten(1))
        return embedding


class GaussianActor(nn.Module):
    """State, and object poses or images, to a distribution over the next action."""

    def __init__(
        self,
        config: BCConfig,
        preprocessor: Preprocessor,
        image_size: tuple[int, int],
        box: Box | None,
    ) -> None:
        super().__init__()
        self.kind = config.std_parameterization
        self.bounds = (config.std_min, config.std_max)
        self.box = box
        self.vision = Vision(config, preprocessor, image_size) if preprocessor.cameras else None
        width = (
            preprocessor.state_dim
            + preprocessor.env_dim
            + (config.image_dim if preprocessor.cameras else 0)
        )
        layers: list[nn.Module] = []
        for hidden in config.hidden_dims:
            # The order of SERL's perceptron: dropout, normalisation, activation.
            layers += [
                nn.Linear(width, hidden),
                Dropout(config.dropout),
                nn.LayerNorm(hidden),
                nn.Tanh(),
            ]
            width = hidden
        self.trunk = nn.Sequential(*layers)
        self.mean = nn.Linear(width, preprocessor.action_dim)
        self.spread: nn.Module | None = None
        self.log_std: Tensor
        if self.kind in ("exp", "softplus"):
            self.spread = nn.Linear(width, preprocessor.action_dim)
        elif self.kind == "uniform":
            self.log_std = nn.Parameter(torch.zeros(preprocessor.action_dim))
        else:
            fixed = torch.full((preprocessor.action_dim,), math.log(config.fixed_std))
            self.register_buffer("log_std", fixed, persistent=False)
        for module in (*self.trunk, self.mean, self.spread):
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, inputs: Inputs) -> Gaussian:
        """The distribution of the next action for B observations."""
        parts = [inputs.state]
        if inputs.env_state is not None:
            parts.append(inputs.env_state)
        if self.vision is not None:
            parts.append(self.vision(inputs.images))
        hidden = self.trunk(torch.cat(parts, dim=-1))
        mean, std = self.mean(hidden).to(torch.float32), self._std(hidden)
        return Gaussian(mean, std.clamp(*self.bounds).expand_as(mean), self.box)

    def _std(self, hidden: Tensor) -> Tensor:
        """The standard deviation before its bounds, (B, A) or (A,)."""
        if self.spread is None:
            return self.log_std.exp()
        raw = self.spread(hidden).to(torch.float32)  # its exponential is a standard deviation
        return raw.exp() if self.kind == "exp" else F.softplus(raw)
