"""ResNet-18 (He et al. 2016) without its classifier, with torchvision's parameter names.

The names let torchvision's ImageNet weights load where a user has them. Shapes: B images of 3 x H x
W; the feature map is (B, 8 * width, H / stride, W / stride), rounded up.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

Norm = Callable[[int], nn.Module]

GROUP_CHANNELS = 8
"""Channels in one group of a group normalisation."""


class FrozenBatchNorm2d(nn.Module):
    """Batch normalisation with fixed statistics and fixed affine parameters, as in DETR and ACT.

    Only for pretrained weights, whose statistics it keeps from drifting at small batches.
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training=False
        )


def group_norm(channels: int) -> nn.Module:
    """For training from scratch: frozen batch normalisation would normalise nothing then."""
    return nn.GroupNorm(max(1, channels // GROUP_CHANNELS), channels)


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions and a shortcut: (B, in, H, W) -> (B, out, H / stride, W / stride)."""

    def __init__(
        self, in_channels: int, channels: int, stride: int, dilation: int, norm: Norm
    ) -> None:
        super().__init__()
        self.conv1 = _conv(in_channels, channels, 3, stride=stride, dilation=dilation)
        self.bn1 = norm(channels)
        self.conv2 = _conv(channels, channels, 3, dilation=dilation)
        self.bn2 = norm(channels)
        self.stride = stride
        self.downsample: nn.Module | None = None
        if stride != 1 or in_channels != channels:
            self.downsample = nn.Sequential(_conv(in_channels, channels, 1), norm(channels))

    def forward(self, x: Tensor) -> Tensor:
        # The stride is taken before the 1 x 1 convolution: the same numbers, and strided 1 x 1
        # convolutions of few channels corrupt memory on CPUs (torch 2.13, channels last, backward).
        shortcut = x
        if self.downsample is not None:
            shortcut = self.downsample(x[..., :: self.stride, :: self.stride])
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)) + shortcut)


class ResNet18(nn.Module):
    """The four stages of a ResNet-18 whose first one has `width` channels (64 in the original).

    `stride` is 8, 16 or 32: below 32 the last stages keep their resolution and dilate their
    convolutions instead, as DETR's DC5 does, so that small images still give a map worth attending
    to. With `weights`, a torchvision state dict, normalisation is frozen batch normalisation at the
    weights' statistics; from scratch it is group normalisation. Raises ValueError for weights of
    another architecture or width.
    """

    def __init__(self, width: int = 64, *, stride: int = 32, weights: Path | None = None) -> None:
        super().__init__()
        norm: Norm = group_norm if weights is None else FrozenBatchNorm2d
        self.channels = 8 * width
        self.conv1 = _conv(3, width, 7, stride=2)
        self.bn1 = norm(width)
        strides, dilations = _stages(stride)
        widths = [width, width, 2 * width, 4 * width, 8 * width]
        for stage in range(4):
            first = BasicBlock(
                # As torchvision: the first block of a dilated stage keeps the previous dilation.
                widths[stage],
                widths[stage + 1],
                strides[stage],
                dilations[stage],
                norm,
            )
            second = BasicBlock(widths[stage + 1], widths[stage + 1], 1, dilations[stage + 1], norm)
            self.add_module(f"layer{stage + 1}", nn.Sequential(first, second))
        if weights is None:
            self._initialise()
        else:
            self._load(weights)

    def forward(self, images: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(images)))
        x = F.max_pool2d(x, kernel_size=3, stride=2, padding=1)
        for stage in range(1, 5):
            x = self.get_submodule(f"layer{stage}")(x)
        return x

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def _load(self, path: Path) -> None:
        state = torch.load(path, map_location="cpu", weights_only=True)
        kept = {
            name: value
            for name, value in state.items()
            if not name.startswith("fc.") and not name.endswith("num_batches_tracked")
        }
        try:
            self.load_state_dict(kept)
        except RuntimeError as error:
            raise ValueError(f"{path}: not the weights of this ResNet-18: {error}") from error


def _conv(
    in_channels: int, channels: int, size: int, *, stride: int = 1, dilation: int = 1
) -> nn.Conv2d:
    padding = dilation * (size // 2)
    return nn.Conv2d(
        in_channels, channels, size, stride=stride, padding=padding, dilation=dilation, bias=False
    )


def _stages(stride: int) -> tuple[list[int], list[int]]:
    """Strides of the four stages, and the dilations before the first and after each of them."""
    strides, dilations, reached = [], [1], 4
    for stage_stride in (1, 2, 2, 2):
        if reached * stage_stride <= stride:
            strides.append(stage_stride)
            dilations.append(dilations[-1])
            reached *= stage_stride
        else:
            strides.append(1)
            dilations.append(dilations[-1] * stage_stride)
    return strides, dilations


def in_backbone(name: str) -> bool:
    """Whether a parameter of that name belongs to the visual backbone."""
    return "backbone" in name.split(".")


def backbone_weights(net: nn.Module) -> dict[str, NDArray[np.float32]]:
    """The weights of a net's visual backbone, by name."""
    named = net.named_parameters()
    return {name: w.detach().cpu().numpy() for name, w in named if in_backbone(name)}
