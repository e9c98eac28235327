"""Defaults that every trainer's configuration has."""

from __future__ import annotations

import pytest

from ilsweep.trainers.core.contract import TrainerConfig


@pytest.mark.parametrize(
    ("steps", "every"),
    [(5, 1), (20, 1), (39, 1), (40, 2), (200, 10), (1000, 50), (20_000, 50)],
)
def test_a_curve_has_twenty_points(steps: int, every: int) -> None:
    config = TrainerConfig(steps=steps)
    assert config.log_every == every
    assert steps // config.log_every >= min(20, steps)


def test_what_is_given_counts() -> None:
    assert TrainerConfig(steps=200, log_every=100).log_every == 100
    assert TrainerConfig().log_every == 50
    again = TrainerConfig.model_validate(TrainerConfig(steps=200).model_dump())
    assert again.log_every == 10
