"""A shift moves whole pixels, each image on its own, and nothing else."""

from __future__ import annotations

import torch

from ilsweep.trainers.nets.augment import augmented, random_shift
from ilsweep.trainers.nets.preprocessing import Inputs


def test_what_stays_in_view_is_moved_whole() -> None:
    """A bright pixel in the middle is found where its image was moved to, once."""
    images = torch.zeros(512, 2, 3, 9, 9)
    images[..., 4, 4] = 1.0
    shifted = random_shift(images, 2)
    assert shifted.shape == images.shape
    assert torch.equal(shifted.sum(dim=(2, 3, 4)), torch.full((512, 2), 3.0))
    places = {tuple(place) for place in shifted[:, :, 0].nonzero()[:, 2:].tolist()}
    assert places == {(row, column) for row in range(2, 7) for column in range(2, 7)}


def test_the_border_is_repeated() -> None:
    images = torch.arange(5.0).view(1, 1, 1, 1, 5).expand(256, 1, 3, 5, 5)
    shifted = random_shift(images, 2)
    assert {float(value) for value in shifted.flatten()} <= set(range(5))
    rows = {tuple(row) for row in shifted[:, 0, 0, 0].tolist()}
    assert rows == {
        (0, 0, 0, 1, 2),
        (0, 0, 1, 2, 3),
        (0, 1, 2, 3, 4),
        (1, 2, 3, 4, 4),
        (2, 3, 4, 4, 4),
    }


def test_a_share_of_the_image_is_whole_pixels_or_nothing() -> None:
    inputs = Inputs(torch.zeros(4, 2), None, torch.rand(4, 1, 3, 16, 24))
    state = torch.get_rng_state()
    assert augmented(inputs, 0.03) is inputs
    assert torch.equal(torch.get_rng_state(), state)
    moved = augmented(inputs, 0.06)
    assert moved.state is inputs.state
    assert moved.images is not None
    assert inputs.images is not None
    assert not torch.equal(moved.images, inputs.images)
