"""The networks of ACT (Zhao et al. 2023, figure 4): style encoder, backbone, transformer.

Shapes: B samples, C cameras, N observation tokens, T steps of a chunk, D channels, Z latent, S
state, K object-pose and A action dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ilsweep.trainers.act.config import ACTConfig
from ilsweep.trainers.nets.backbone import ImageEncoder, make_backbone
from ilsweep.trainers.nets.preprocessing import Chunks, Inputs, Preprocessor
from ilsweep.trainers.nets.transformer import (
    Decoder,
    Encoder,
    sinusoid,
    sinusoid_2d,
    xavier_uniform_,
)


@dataclass(frozen=True)
class EncodedObservation:
    """An observation as tokens, before the transformer."""

    tokens: Tensor
    """(B, N, D)"""
    position: Tensor
    """(N, D)"""
    cameras: dict[str, Tensor]
    """Camera name to the mean of its image tokens, (B, D)."""

    def __getitem__(self, rows: slice) -> EncodedObservation:
        """Some of the B samples."""
        pooled = {name: value[rows] for name, value in self.cameras.items()}
        return EncodedObservation(self.tokens[rows], self.position, pooled)


class StyleEncoder(nn.Module):
    """Posterior of the latent given joints and action chunk: a BERT-like encoder's [CLS] token."""

    position: Tensor

    def __init__(self, config: ACTConfig, state_dim: int, action_dim: int) -> None:
        super().__init__()
        self.cls = nn.Parameter(torch.randn(1, 1, config.dim))
        self.state = nn.Linear(state_dim, config.dim)
        self.action = nn.Linear(action_dim, config.dim)
        self.encoder = _encoder(config)
        self.latent = nn.Linear(config.dim, 2 * config.latent_dim)
        positions = torch.arange(config.chunk_size + 2)
        self.register_buffer("position", sinusoid(positions, config.dim), persistent=False)

    def forward(self, state: Tensor, chunks: Chunks) -> tuple[Tensor, Tensor]:
        """State (B, S) and chunks to mean and log-variance, (B, Z) each; padding is not seen."""
        cls = self.cls.expand(state.shape[0], -1, -1)
        tokens = (cls, self.state(state).unsqueeze(1), self.action(chunks.actions))
        seen = chunks.pad.new_zeros(state.shape[0], 2)
        pad = torch.cat((seen, chunks.pad), dim=1)  # (B, 2 + T)
        encoded = self.encoder(torch.cat(tokens, dim=1), self.position, pad)
        mu, logvar = self.latent(encoded[:, 0]).to(torch.float32).chunk(2, dim=-1)
        return mu, logvar


class ACTNet(nn.Module):
    """ACT's conditional variational auto-encoder over action chunks."""

    def __init__(self, config: ACTConfig, preprocessor: Preprocessor) -> None:
        super().__init__()
        dim = config.dim
        self.latent_dim = config.latent_dim
        self.cameras = preprocessor.cameras
        self.style = StyleEncoder(config, preprocessor.state_dim, preprocessor.action_dim)
        self.latent = nn.Linear(config.latent_dim, dim)
        self.state = nn.Linear(preprocessor.state_dim, dim)
        self.env_state = nn.Linear(preprocessor.env_dim, dim) if preprocessor.env_dim else None
        # Of the latent, the state and, where there is one, the environment's state.
        self.position = nn.Parameter(torch.randn(3 if preprocessor.env_dim else 2, dim))
        self.encoder = _encoder(config)
        self.decoder = Decoder(
            config.decoder_layers, dim, config.heads, config.feedforward, config.dropout
        )
        self.queries = nn.Parameter(torch.randn(config.chunk_size, dim))
        self.action = nn.Linear(dim, preprocessor.action_dim)
        for part in (self.style.encoder, self.encoder, self.decoder):
            xavier_uniform_(part)
        self.backbone: ImageEncoder | None = None
        if self.cameras:
            self.backbone = make_backbone(config, len(self.cameras), config.backbone_weights)
            self.project = nn.Conv2d(self.backbone.channels, dim, kernel_size=1)

    def observe(self, inputs: Inputs) -> EncodedObservation:
        """Observations as tokens: the state, then the environment's state or the images."""
        tokens, positions, pooled = [self.state(inputs.state).unsqueeze(1)], [self.position[1:]], {}
        if self.env_state is not None:
            tokens.append(self.env_state(inputs.env_state).unsqueeze(1))
        if inputs.images is not None:
            maps = self.project(self.features(inputs.images).flatten(0, 1))  # (B C, D, h, w)
            height, width = maps.shape[-2:]
            place = sinusoid_2d(height, width, maps.shape[1], maps.device)  # (h w, D)
            seen = maps.flatten(2).mT.unflatten(0, (-1, len(self.cameras)))  # (B, C, h w, D)
            tokens.append(seen.flatten(1, 2))
            # As in ACT, the cameras share their positions: the map's place is all they tell.
            positions.append(place.repeat(len(self.cameras), 1))
            pooled = {name: seen[:, i].mean(dim=1) for i, name in enumerate(self.cameras)}
        return EncodedObservation(torch.cat(tokens, dim=1), torch.cat(positions), pooled)

    def features(self, images: Tensor) -> Tensor:
        """The backbone's maps: images (B, C, 3, H, W) -> (B, C, channels, h, w)."""
        assert self.backbone is not None
        maps: Tensor = self.backbone(images.flatten(0, 1)).unflatten(0, images.shape[:2])
        return maps

    def encode(self, encoded: EncodedObservation, latent: Tensor) -> Tensor:
        """The transformer's memory: observation and latent (B, Z) -> (B, 1 + N, D)."""
        tokens = torch.cat((self.latent(latent).unsqueeze(1), encoded.tokens), dim=1)
        memory: Tensor = self.encoder(tokens, self._place(encoded))
        return memory

    def forward(self, encoded: EncodedObservation, latent: Tensor) -> Tensor:
        """Standardised action chunks (B, T, A)."""
        memory = self.encode(encoded, latent)
        actions: Tensor = self.action(self.decoder(self.queries, memory, self._place(encoded)))
        return actions

    def prior_latent(self, encoded: EncodedObservation) -> Tensor:
        """The latent used at test time, the mean of the prior: zeros (B, Z)."""
        return encoded.tokens.new_zeros(encoded.tokens.shape[0], self.latent_dim)

    def embed(self, encoded: EncodedObservation) -> dict[str, Tensor]:
        """What the policy makes of an observation, by name, (B, D) each.

        One embedding per camera where there are several (the mean of its image tokens); else one,
        `state`: the mean over the transformer's memory at the latent of test time.
        """
        if len(self.cameras) > 1:
            return encoded.cameras
        return {"state": self.encode(encoded, self.prior_latent(encoded)).mean(dim=1)}

    def _place(self, encoded: EncodedObservation) -> Tensor:
        return torch.cat((self.position[:1], encoded.position))


def sample_latent(mu: Tensor, logvar: Tensor) -> Tensor:
    """A sample of the posterior that gradients pass through: (B, Z), (B, Z) -> (B, Z)."""
    return mu + (0.5 * logvar).exp() * torch.randn_like(mu)


def _encoder(config: ACTConfig) -> Encoder:
    return Encoder(
        config.encoder_layers, config.dim, config.heads, config.feedforward, config.dropout
    )
