"""The transformer of DETR (Carion et al. 2020), as ACT uses it.

Post-norm, positions added to queries and keys in every layer.

Shapes: B samples, S tokens of the source, T tokens of the target, D channels.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ilsweep.trainers.nets.dropout import Dropout


class Attention(nn.Module):
    """Multi-head attention: queries (B, T, D), keys and values (B, S, D) -> (B, T, D)."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.output = nn.Linear(dim, dim)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, pad: Tensor | None) -> Tensor:
        """`pad` (B, S) is true for the keys that are not to be seen."""
        attended = F.scaled_dot_product_attention(
            self._split(self.query(query)),
            self._split(self.key(key)),
            self._split(self.value(value)),
            attn_mask=None if pad is None else ~pad[:, None, None, :],
            dropout_p=self.dropout if self.training else 0.0,
        )  # (B, heads, T, D / heads)
        merged: Tensor = self.output(attended.transpose(1, 2).flatten(2))
        return merged

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:-1], self.heads, -1).transpose(1, 2)


class FeedForward(nn.Sequential):
    """Two linear maps with a ReLU between: (B, S, D) -> (B, S, D)."""

    def __init__(self, dim: int, hidden: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(dim, hidden), nn.ReLU(), Dropout(dropout), nn.Linear(hidden, dim)
        )


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward net: (B, S, D) -> (B, S, D)."""

    def __init__(self, dim: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(dim, heads, dropout)
        self.feedforward = FeedForward(dim, feedforward, dropout)
        self.norm1 = nn.LayerNorm(dim)
        self.norm2 = nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, position: Tensor, pad: Tensor | None) -> Tensor:
        placed = x + position
        x = self.norm1(x + self.dropout(self.attention(placed, placed, x, pad)))
        normed: Tensor = self.norm2(x + self.dropout(self.feedforward(x)))
        return normed


class DecoderLayer(nn.Module):
    """Self-attention, attention to the memory, a feed-forward net: (B, T, D) -> (B, T, D)."""

    def __init__(self, dim: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.self_attention = Attention(dim, heads, dropout)
        self.cross_attention = Attention(dim, heads, dropout)
        self.feedforward = FeedForward(dim, feedforward, dropout)
        self.norm1 = nn.LayerNorm(dim)
        self.norm2 = nn.LayerNorm(dim)
        self.norm3 = nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)

    def forward(
        self, x: Tensor, position: Tensor, memory: Tensor, memory_position: Tensor
    ) -> Tensor:
        placed = x + position
        x = self.norm1(x + self.dropout(self.self_attention(placed, placed, x, None)))
        attended = self.cross_attention(x + position, memory + memory_position, memory, None)
        x = self.norm2(x + self.dropout(attended))
        normed: Tensor = self.norm3(x + self.dropout(self.feedforward(x)))
        return normed


class Encoder(nn.Module):
    """`layers` encoder layers in a row."""

    def __init__(self, layers: int, dim: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            EncoderLayer(dim, heads, feedforward, dropout) for _ in range(layers)
        )

    def forward(self, x: Tensor, position: Tensor, pad: Tensor | None = None) -> Tensor:
        for layer in self.layers:
            x = layer(x, position, pad)
        return x


class Decoder(nn.Module):
    """`layers` decoder layers in a row, and a last normalisation; the target starts at zero."""

    def __init__(self, layers: int, dim: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            DecoderLayer(dim, heads, feedforward, dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(dim)

    def forward(self, queries: Tensor, memory: Tensor, memory_position: Tensor) -> Tensor:
        """Learned queries (T, D), memory and its positions (B, S, D) -> (B, T, D)."""
        x = queries.new_zeros(memory.shape[0], *queries.shape)
        for layer in self.layers:
            x = layer(x, queries, memory, memory_position)
        normed: Tensor = self.norm(x)
        return normed


def xavier_uniform_(module: nn.Module) -> None:
    """Glorot initialisation of every matrix in `module`, as DETR's transformer has it."""
    for parameter in module.parameters():
        if parameter.dim() > 1:
            nn.init.xavier_uniform_(parameter)


def sinusoid(positions: Tensor, dim: int) -> Tensor:
    """Sines and cosines of Vaswani et al. 2017, section 3.5: (N,) -> (N, dim), `dim` even."""
    step = torch.arange(0, dim, 2, device=positions.device, dtype=torch.float32)
    frequency = torch.exp(step * (-math.log(10_000.0) / dim))
    angle = positions.to(torch.float32).unsqueeze(-1) * frequency  # (N, dim / 2)
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(-2)


@cache
def sinusoid_2d(height: int, width: int, dim: int, device: torch.device) -> Tensor:
    """Positions of a feature map as in DETR, scaled to a circle: -> (height * width, dim).

    Half of the channels tell the row, half the column. `dim` is divisible by 4.
    """
    with torch.inference_mode(False):  # made once, also for training
        rows = 2 * math.pi * torch.arange(1, height + 1) / height
        columns = 2 * math.pi * torch.arange(1, width + 1) / width
        row, column = sinusoid(rows, dim // 2), sinusoid(columns, dim // 2)
        grid = torch.cat(
            (
                row.unsqueeze(1).expand(height, width, -1),
                column.unsqueeze(0).expand(height, width, -1),
            ),
            dim=-1,
        )
        return grid.flatten(0, 1).to(device)
