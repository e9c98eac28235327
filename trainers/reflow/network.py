"""A velocity field over action chunks: one transformer over observation and noisy actions.

After pi0's action expert (Black et al. 2024, arXiv 2410.24164), small: every step of the chunk is a
token that knows the flow's time. Unlike there, observation and actions share their weights.

Shapes: B samples, C cameras, N observation tokens, T steps of a chunk, D channels, X dimensions of
the flow.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ilsweep.trainers.nets.backbone import ImageEncoder, make_backbone
from ilsweep.trainers.nets.preprocessing import Inputs, Preprocessor
from ilsweep.trainers.nets.transformer import Encoder, sinusoid, sinusoid_2d, xavier_uniform_
from ilsweep.trainers.reflow.config import ReflowConfig
from ilsweep.trainers.reflow.flow import Velocity

TIME_SCALE = 1000.0
"""Times are scaled to 0..1000 before their sinusoids, as diffusion models number their steps."""


class VelocityNet(nn.Module):
    """dx/dt of the flow, given an observation."""

    step: Tensor

    def __init__(self, config: ReflowConfig, preprocessor: Preprocessor) -> None:
        super().__init__()
        dim = config.dim
        self.dim = dim
        self.cameras = preprocessor.cameras
        self.state = nn.Linear(preprocessor.state_dim, dim)
        self.env_state = nn.Linear(preprocessor.env_dim, dim) if preprocessor.env_dim else None
        # Of the state and, where there is one, the environment's state.
        self.place = nn.Parameter(torch.randn(2 if preprocessor.env_dim else 1, dim))
        self.action = nn.Linear(config.padded_dim, dim)
        self.timed = nn.Sequential(nn.Linear(2 * dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.encoder = Encoder(config.layers, dim, config.heads, config.feedforward, 0.0)
        xavier_uniform_(self.encoder)
        self.velocity = nn.Linear(dim, config.padded_dim)
        self.register_buffer(
            "step", sinusoid(torch.arange(config.chunk_size), dim), persistent=False
        )
        self.backbone: ImageEncoder | None = None
        if self.cameras:
            self.backbone = make_backbone(config, len(self.cameras))
            self.project = nn.Conv2d(self.backbone.channels, dim, kernel_size=1)

    def observe(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Tokens (B, N, D) and their positions (N, D): state, object poses or images."""
        tokens: list[Tensor] = [self.state(inputs.state).unsqueeze(1)]
        places: list[Tensor] = [self.place]
        if self.env_state is not None:
            tokens.append(self.env_state(inputs.env_state).unsqueeze(1))
        if self.backbone is not None and inputs.images is not None:
            maps = self.project(self.backbone(inputs.images.flatten(0, 1)))  # (B C, D, h, w)
            tokens.append(maps.flatten(2).mT.unflatten(0, (-1, len(self.cameras))).flatten(1, 2))
            height, width = maps.shape[-2:]
            place = sinusoid_2d(height, width, self.dim, maps.device)
            places.append(place.repeat(len(self.cameras), 1))
        return torch.cat(tokens, dim=1), torch.cat(places)

    def field(self, inputs: Inputs, pad: Tensor | None = None) -> Velocity:
        """The velocity field of B observations, which are encoded once.

        `pad` (B, T) is true for the steps of a chunk that are not to be seen.
        """
        scene, place = self.observe(inputs)
        positions = torch.cat((place, self.step))
        mask = None
        if pad is not None:
            mask = torch.cat((pad.new_zeros(scene.shape[:2]), pad), dim=1)  # (B, N + T)

        def velocity(x: Tensor, t: Tensor) -> Tensor:
            time = sinusoid(TIME_SCALE * t, self.dim).unsqueeze(1).expand(-1, x.shape[1], -1)
            actions = self.timed(torch.cat((self.action(x), time), dim=-1))  # (B, T, D)
            encoded = self.encoder(torch.cat((scene, actions), dim=1), positions, mask)
            flow: Tensor = self.velocity(encoded[:, scene.shape[1] :])
            return flow

        return velocity
