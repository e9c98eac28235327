"""Spatial softmax finds the place of an activity; the encoder has a backbone's shape."""

from __future__ import annotations

import pytest
import torch

from ilsweep.trainers.nets.shallow_encoder import ShallowEncoder, spatial_softmax


@pytest.mark.parametrize(("row", "column"), [(0, 0), (3, 6), (4, 2)])
def test_the_place_of_a_peak_is_found(row: int, column: int) -> None:
    maps = torch.zeros(1, 2, 5, 7)
    maps[0, 1, row, column] = 1e3
    x0, x1, y0, y1 = spatial_softmax(maps)[0].tolist()
    assert (x0, y0) == pytest.approx((0.0, 0.0), abs=1e-6)  # even activity: the middle
    assert (x1, y1) == pytest.approx((column / 3 - 1, row / 2 - 1), abs=1e-6)


def test_a_moved_picture_moves_its_places() -> None:
    maps = torch.zeros(1, 1, 9, 9)
    maps[0, 0, 2:4, 2:4] = 5.0
    moved = torch.roll(maps, shifts=(3, 1), dims=(2, 3))
    x, y = (spatial_softmax(moved) - spatial_softmax(maps))[0].tolist()
    assert y > x > 0


@pytest.mark.parametrize(("height", "width"), [(64, 64), (48, 96), (17, 33)])
def test_any_image_is_one_token(height: int, width: int) -> None:
    encoder = ShallowEncoder(16)
    maps = encoder(torch.rand(3, 3, height, width))
    assert maps.shape == (3, encoder.channels, 1, 1)
    assert torch.isfinite(maps).all()
