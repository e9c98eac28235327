"""Images as policies see them: three colours, one size."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image

from ilsweep.trainers.data.dataset import Image


def fitted(picture: Any, size: tuple[int, int]) -> Image:
    """A Pillow image as (H, W, 3) of that height and width; each pixel the mean of its area."""
    height, width = size
    if picture.size != (width, height):
        picture = picture.resize((width, height), PIL.Image.Resampling.BOX)
    return np.array(picture, dtype=np.uint8)
