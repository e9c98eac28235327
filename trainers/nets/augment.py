"""Images changed at random while training.

Shapes: B samples, C cameras, images of 3 x H x W.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from ilsweep.trainers.nets.preprocessing import Inputs


def augmented(inputs: Inputs, shift: float) -> Inputs:
    """A batch as one optimiser step sees it: images moved by up to `shift` of their shorter side.

    A shift below half a pixel changes and draws nothing.
    """
    if inputs.images is None:
        return inputs
    pixels = round(shift * min(inputs.images.shape[-2:]))
    if pixels == 0:
        return inputs
    return replace(inputs, images=random_shift(inputs.images, pixels))


def random_shift(images: Tensor, pixels: int) -> Tensor:
    """Each image moved by up to `pixels` in each direction, its border repeated.

    (B, C, 3, H, W) -> the same shape; Kostrikov et al. 2020, arXiv 2004.13649. Whole pixels, each
    image on its own; from torch's global generator.
    """
    flat = images.flatten(0, 1)
    count, _, height, width = flat.shape
    padded = F.pad(flat, (pixels,) * 4, mode="replicate")
    top, left = torch.randint(2 * pixels + 1, (2, count, 1), device=images.device)
    rows = top + torch.arange(height, device=images.device)
    columns = left + torch.arange(width, device=images.device)
    which = torch.arange(count, device=images.device)[:, None, None]
    shifted = padded[which, :, rows[:, :, None], columns[:, None, :]]  # (B C, H, W, 3)
    return shifted.movedim(-1, 1).contiguous().view_as(images)
