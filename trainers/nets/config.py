"""Choices of nets that configurations share. Imports no torch."""

from __future__ import annotations

from typing import Literal

ImageNorm = Literal["imagenet", "unit", "none"]
"""By ImageNet's moments, to 0..1, or unchanged, 0..255."""
Stride = Literal[8, 16, 32]
"""Pixels between the places of a ResNet's last map."""


def check_width(dim: int, heads: int) -> None:
    """That a transformer can be so wide: sinusoids of a map need four parts, attention `heads`.

    Raises:
        ValueError: it cannot.
    """
    for divisor, name in ((4, "4"), (heads, f"heads, {heads}")):
        if dim % divisor:
            raise ValueError(f"dim must be divisible by {name}; got {dim}")
