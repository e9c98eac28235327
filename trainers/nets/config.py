"""Choices of nets that configurations share. Imports no torch."""

from __future__ import annotations

from typing import Literal

from ilsweep.trainers.core.contract import Params, param

ImageNorm = Literal["imagenet", "unit", "none"]
"""By ImageNet's moments, to 0..1, or unchanged, 0..255."""
Stride = Literal[8, 16, 32]
"""Pixels between the places of a ResNet's last map."""
Backbone = Literal["resnet18", "shallow"]
ActionRepresentation = Literal["absolute", "relative", "delta"]
"""As recorded, from the state at the chunk's beginning, or from the action before."""


class VisionParams(Params):
    """How images are seen."""

    backbone: Backbone = "resnet18"
    """`shallow`: four convolutions and a spatial softmax, which learn fast from few demonstrations
    (arXiv 2212.05749); `resnet18`: a ResNet-18 with its map of places."""
    backbone_width: int = param(8, gt=0, unit="channels")
    """An eighth of the channels of the backbone's last stage; 64 is the original ResNet-18."""
    backbone_stride: Stride = param(32, unit="pixels")
    """Pixels between the places of the ResNet's map; below 32 by dilation, as DETR's DC5."""
    backbone_per_camera: bool = False
    """Whether each camera has a backbone of its own; else they share one, as in ACT."""
    random_shift: float = param(
        0.0, ge=0, lt=0.5, unit="share of the image's shorter side", source="arXiv 2004.13649"
    )
    """While training each image is moved at random by up to so much; 0 for not at all. 4 of 84
    pixels in DrQ."""


def needs_states(kind: ActionRepresentation, why: str) -> str:
    """What is said where actions have no differences to the state."""
    return f"{kind} takes actions that are states to reach; {why}; valid: absolute"


def check_width(dim: int, heads: int) -> None:
    """That a transformer can be so wide: sinusoids of a map need four parts, attention `heads`.

    Raises:
        ValueError: it cannot.
    """
    for divisor, name in ((4, "4"), (heads, f"heads, {heads}")):
        if dim % divisor:
            raise ValueError(f"dim must be divisible by {name}; got {dim}")
