"""A shift moves whole pixels, each image on its own, and nothing else."""

from __future__ import annotations

import torch

from ilsweep.trainers.nets.augment import random_shift


def test_no_shift_changes_and_draws_nothing() -> None:
    images = torch.rand(2, 1, 3, 8, 8)
    state = torch.get_rng_state()
    assert random_shift(images, 0) is images
    assert torch.equal(torch.get_rng_state(), state)


def test_what_stays_in_view_is_moved_whole() -> None:
    """A bright pixel in the middle is found where its image was moved to, once."""
    images = torch.zeros(64, 2, 3, 9, 9)
    images[..., 4, 4] = 1.0
    shifted = random_shift(images, 2)
    assert shifted.shape == images.shape
    assert torch.equal(shifted.sum(dim=(2, 3, 4)), torch.full((64, 2), 3.0))
    places = {tuple(place) for place in shifted[:, :, 0].nonzero()[:, 2:].tolist()}
    assert places == {(row, column) for row in range(2, 7) for column in range(2, 7)}


def test_the_border_is_repeated() -> None:
    images = torch.arange(5.0).view(1, 1, 1, 1, 5).expand(40, 1, 3, 5, 5)
    shifted = random_shift(images, 2)
    assert {float(value) for value in shifted.unique()} <= set(range(5))
    rows = {tuple(row) for row in shifted[:, 0, 0, 0].tolist()}
    assert rows == {
        (0, 0, 0, 1, 2),
        (0, 0, 1, 2, 3),
        (0, 1, 2, 3, 4),
        (1, 2, 3, 4, 4),
        (2, 3, 4, 4, 4),
    }
