"""A small diffusion transformer after RDT-1B (Liu et al. 2024, arXiv 2410.07864, section 4).

Of RDT-1B's are: one token for the diffusion's time, one for the state, one for each action, state
and actions through one adaptor together with the indicator mask; pre-norm blocks of self-attention,
cross-attention to the image tokens and a feed-forward net, with RMS norms; a non-linear head that
begins at zero. Not of it: language and the control frequency, of which there is one each here; the
images come from a ResNet that learns, not from a frozen SigLIP.

Shapes: B samples, C cameras, N image tokens, T steps of a chunk, D channels, U = 128, K object-pose
numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ilsweep.trainers.nets.backbone import ImageEncoder, make_backbone
from ilsweep.trainers.nets.preprocessing import Inputs
from ilsweep.trainers.nets.transformer import Attention, sinusoid, sinusoid_2d
from ilsweep.trainers.rdt.config import RDTConfig
from ilsweep.trainers.rdt.unified import UNIFIED_LEN
from ilsweep.trainers.rdt.unified_preprocessor import UnifiedPreprocessor

_FREQUENCIES = 256
"""Channels of the sinusoid that the diffusion's time is embedded by."""


@dataclass(frozen=True)
class EncodedObservation:
    """An observation as the denoiser attends to it; made once for all steps of the solver."""

    state: Tensor
    """(B, 1, D)"""
    seen: Tensor
    """(B, N, D) image tokens, or one for the poses of the objects."""

    def __getitem__(self, rows: slice) -> EncodedObservation:
        """Some of the B samples."""
        return EncodedObservation(self.state[rows], self.seen[rows])


class Block(nn.Module):
    """Self-attention, attention to what is seen, a feed-forward net: (B, S, D) -> (B, S, D)."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.RMSNorm(dim, eps=1e-6) for _ in range(3))
        self.self_attention = Attention(dim, heads, dropout=0.0)
        self.cross_attention = Attention(dim, heads, dropout=0.0)
        self.feedforward = _mlp(dim, dim, dim)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        normed = self.norms[0](x)
        x = x + self.self_attention(normed, normed, normed, None)
        x = x + self.cross_attention(self.norms[1](x), seen, seen, None)
        residual: Tensor = x + self.feedforward(self.norms[2](x))
        return residual


class RDTNet(nn.Module):
    """Predicts clean action chunks from noisy ones."""

    mask: Tensor

    def __init__(self, config: RDTConfig, preprocessor: UnifiedPreprocessor) -> None:
        super().__init__()
        dim = config.dim
        self.cameras = preprocessor.cameras
        self.register_buffer("mask", preprocessor.mask, persistent=False)
        self.adaptor = _mlp(2 * UNIFIED_LEN, dim, dim, dim)
        self.time = nn.Sequential(nn.Linear(_FREQUENCIES, dim), nn.SiLU(), nn.Linear(dim, dim))
        # Of the time, the state and the actions.
        self.position = nn.Parameter(sinusoid(torch.arange(2 + config.chunk_size), dim))
        self.blocks = nn.ModuleList(Block(dim, config.heads) for _ in range(config.layers))
        self.norm = nn.RMSNorm(dim, eps=1e-6)
        self.head = _mlp(dim, dim, UNIFIED_LEN)
        self.backbone: ImageEncoder | None = None
        if self.cameras:
            self.backbone = make_backbone(config, len(self.cameras))
            self.project = nn.Conv2d(self.backbone.channels, dim, kernel_size=1)
            self.camera = nn.Parameter(0.02 * torch.randn(len(self.cameras), 1, dim))
        else:
            self.env_state = nn.Linear(preprocessor.env_dim, dim)
        self._initialise()

    def observe(self, inputs: Inputs) -> EncodedObservation:
        """Observations as tokens; the state is a unified vector (B, U)."""
        state = self._adapt(inputs.state.unsqueeze(1)) + self.position[1]
        if inputs.images is None:
            assert inputs.env_state is not None
            return EncodedObservation(state, self.env_state(inputs.env_state).unsqueeze(1))
        maps = self.project(self.features(inputs.images).flatten(0, 1))  # (B C, D, h, w)
        height, width = maps.shape[-2:]
        place = sinusoid_2d(height, width, maps.shape[1], maps.device)  # (h w, D)
        seen = maps.flatten(2).mT.unflatten(0, (-1, len(self.cameras)))  # (B, C, h w, D)
        return EncodedObservation(state, (seen + place + self.camera).flatten(1, 2))

    def features(self, images: Tensor) -> Tensor:
        """The backbone's maps: images (B, C, 3, H, W) -> (B, C, channels, h, w)."""
        assert self.backbone is not None
        maps: Tensor = self.backbone(images.flatten(0, 1)).unflatten(0, images.shape[:2])
        return maps

    def forward(self, encoded: EncodedObservation, noisy: Tensor, times: Tensor) -> Tensor:
        """Clean chunks (B, T, U) from noisy ones at the times (B,); zero where the mask is."""
        time = self.time(sinusoid(times, _FREQUENCIES)).unsqueeze(1) + self.position[0]
        actions = self._adapt(noisy) + self.position[2:]
        x = torch.cat((time, encoded.state, actions), dim=1)
        for block in self.blocks:
            x = block(x, encoded.seen)
        clean: Tensor = self.head(self.norm(x[:, 2:])) * self.mask
        return clean

    def _adapt(self, unified: Tensor) -> Tensor:
        """Unified vectors (B, S, U) with the indicator mask as tokens (B, S, D)."""
        tokens: Tensor = self.adaptor(torch.cat((unified, self.mask.expand_as(unified)), dim=-1))
        return tokens

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        last = self.head[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)


def _mlp(*widths: int) -> nn.Sequential:
    """Linear maps with a GELU between."""
    layers: list[nn.Module] = [nn.Linear(widths[0], widths[1])]
    for before, after in pairwise(widths[1:]):
        layers += [nn.GELU(approximate="tanh"), nn.Linear(before, after)]
    return nn.Sequential(*layers)
