"""Pictures to a film: H.264 in MP4, small enough that a page can hold hundreds."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from PIL import Image as Pillow

from ilsweep.trainers.data.dataset import Image

SIDE = 128
"""Most pixels of a film's longer side."""
RATE = 30
"""Actions in a second of film."""
THUMBNAIL = 96
"""Most pixels of a thumbnail's longer side."""

_OPTIONS = {"preset": "veryfast", "crf": "27", "tune": "animation", "g": "1000", "threads": "1"}


def encode(pictures: Sequence[Image], times: Sequence[int]) -> bytes:
    """The film of pictures (H, W, 3), each shown from its time on, counted in actions.

    Args:
        times: Strictly ascending.
    """
    width, height = _size(pictures[0], SIDE)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE, options=_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, RATE)
        scaler = VideoReformatter()  # `frame.reformat` would prepare one for each picture
        for picture, time in zip(pictures, times, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame = scaler.reformat(frame, width, height, "yuv420p")
            frame.pts, frame.time_base = time, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def shrunk(picture: Image) -> Image:
    """A copy of a picture (H, W, 3), without most of its pixels where it is large.

    An episode's pictures are kept until it is known whether it is filmed.
    """
    every = max(1, max(picture.shape[:2]) // SIDE)
    return np.array(picture[::every, ::every])


def thumbnail(picture: Image) -> bytes:
    """A picture (H, W, 3) as a small JPEG file."""
    buffer = io.BytesIO()
    small = Pillow.fromarray(picture).resize(_size(picture, THUMBNAIL))
    small.save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


def _size(picture: Image, side: int) -> tuple[int, int]:
    """Width and height with the longer one `side`; even, as H.264 wants them."""
    height, width = picture.shape[:2]
    scale = min(1.0, side / max(height, width))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
