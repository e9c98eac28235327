"""A shallow image encoder that learns fast from few demonstrations.

Four convolutions with group normalisation, then where each channel is active (spatial softmax;
Levine et al. 2016, arXiv 1504.00702). With random shifts (`trainers/nets/augment.py`) such an
encoder, trained from scratch, is competitive with frozen pretrained ones (Hansen et al. 2022,
arXiv 2212.05749).

Shapes: B images of 3 x H x W, C channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ilsweep.trainers.nets.resnet import group_norm

STRIDES = (2, 2, 2, 1)
"""Of the convolutions: the map has an eighth of the image's height and width."""
SHARPNESS = 3.0
"""Inverse temperature of the softmax. At 1, maps of unit variance give nearly the same place for
every image, and a policy that also has a state starts, and stays, blind."""
SPAN = 3.0
"""Places are in -SPAN..SPAN, so that they vary as much as a standardised state does."""


class ShallowEncoder(nn.Module):
    """(B, 3, H, W) -> (B, 2 C, 1, 1): one token an image, with a backbone's shape."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        widths = (3, width // 2, width, width, width)
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(widths[i], widths[i + 1], 3, stride=stride, padding=1),
                group_norm(widths[i + 1]),
                nn.ReLU() if i + 1 < len(STRIDES) else nn.Identity(),
            )
            for i, stride in enumerate(STRIDES)
        )
        self.channels = 2 * width

    def forward(self, images: Tensor) -> Tensor:
        maps = images
        for stage in self.stages:
            maps = stage(maps)
        return SPAN * spatial_softmax(SHARPNESS * maps)[..., None, None]


def spatial_softmax(maps: Tensor) -> Tensor:
    """The expected place of each channel's activity.

    Maps (B, C, H, W) -> (B, 2 C), all x in -1..1 from left to right, then all y in -1..1 from top
    to bottom.
    """
    height, width = maps.shape[-2:]
    share = F.softmax(maps.flatten(2), dim=-1).view_as(maps)
    across = torch.linspace(-1, 1, width, device=maps.device, dtype=maps.dtype)
    down = torch.linspace(-1, 1, height, device=maps.device, dtype=maps.dtype)
    x = (share.sum(dim=2) * across).sum(dim=-1)
    y = (share.sum(dim=3) * down).sum(dim=-1)
    return torch.cat((x, y), dim=1)
