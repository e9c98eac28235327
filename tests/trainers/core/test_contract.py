"""What every trainer's configuration has: defaults, and that no boolean is a number."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from ilsweep.trainers.core.contract import Params, TrainerConfig


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


class Odd(Params):
    """Fields of many types, one with a mark that has no hash."""

    marked: Annotated[list[Annotated[int, ["a mark"]]], ["another"]] = Field([])
    sizes: dict[str, float] = Field({})
    both: list[int | bool] = Field([])
    anything: dict[str, Any] = Field({})


@pytest.mark.parametrize(
    ("values", "refused"),
    [({"marked": [True]}, True), ({"sizes": {"a": False}}, True), ({"both": [True, 1]}, False),
     ({"anything": {"a": True}}, False), ({"marked": [1], "sizes": {"a": 1}}, False)],
)  # fmt: skip
def test_no_boolean_stands_among_numbers(values: dict[str, Any], refused: bool) -> None:
    if not refused:
        assert Odd(**values).model_dump(exclude_unset=True) == values
        return
    with pytest.raises(ValidationError, match="must hold numbers"):
        Odd(**values)
