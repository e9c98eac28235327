"""Parameters in their two forms, and those of the demonstrations among them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ilsweep.sweeps.spec.params import flat, is_of_data, nested, of_data, of_trainer


@given(st.dictionaries(st.text("ab", min_size=1, max_size=2), st.integers() | st.none()))
def test_nested_and_flat_are_inverse(values: dict[str, Any]) -> None:
    dotted = {f"g.{name}": value for name, value in values.items()}
    assert flat(nested(dotted)) == dotted


@given(
    st.dictionaries(st.sampled_from(["lr", "data.lr", "data.episodes", "ot.reg"]), st.integers())
)
def test_a_name_belongs_to_the_trainer_or_to_the_demonstrations(values: dict[str, int]) -> None:
    theirs = {f"data.{name}": value for name, value in of_data(values).items()}
    assert {**of_trainer(values), **theirs} == values
    assert not any(map(is_of_data, of_trainer(values)))
