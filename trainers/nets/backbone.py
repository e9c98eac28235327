"""What a net sees images with: one backbone for all cameras, or one each.

Shapes: B samples, C cameras, images of 3 x H x W; a map is (channels, h, w).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from ilsweep.trainers.nets.config import VisionParams
from ilsweep.trainers.nets.resnet import ResNet18
from ilsweep.trainers.nets.shallow_encoder import ShallowEncoder


def make_backbone(config: VisionParams, cameras: int, weights: Path | None = None) -> ImageEncoder:
    """The backbone of a configuration: (B C, 3, H, W) -> (B C, channels, h, w), cameras innermost.

    Raises:
        ValueError: `weights` are not those of a ResNet-18 of this width.
    """

    def one() -> ResNet18 | ShallowEncoder:
        if config.backbone == "shallow":
            return ShallowEncoder(8 * config.backbone_width)
        return ResNet18(config.backbone_width, stride=config.backbone_stride, weights=weights)

    return PerCamera([one() for _ in range(cameras)]) if config.backbone_per_camera else one()


def map_size(config: VisionParams, image_size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of a backbone's map."""
    if config.backbone == "shallow":
        return 1, 1
    height, width = (-(-size // config.backbone_stride) for size in image_size)
    return height, width


class PerCamera(nn.Module):
    """A backbone for each of C cameras."""

    def __init__(self, encoders: list[ResNet18 | ShallowEncoder]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self.channels = encoders[0].channels

    def forward(self, images: Tensor) -> Tensor:
        by_camera = images.view(-1, len(self.encoders), *images.shape[1:]).unbind(dim=1)
        maps = [encoder(seen) for encoder, seen in zip(self.encoders, by_camera, strict=True)]
        return torch.stack(maps, dim=1).flatten(0, 1)


ImageEncoder = ResNet18 | ShallowEncoder | PerCamera
