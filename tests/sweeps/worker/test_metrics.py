"""Numbers by name: whatever a trainer returns is recorded as such, or named in one line."""

from __future__ import annotations

import enum
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.sweeps.metrics import MetricsError, Returned, full_name, is_name, returned


class Name(str, enum.Enum):  # noqa: UP042 - prints as Name.LOSS
    LOSS = "loss"


class Silent:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("verb", "name"),
    [("train_step", "train/loss"), ("evaluate", "eval/loss"), ("finish", "eval/loss"),
     ("probe", "probe/loss")],
)  # fmt: skip
def test_a_name_without_a_group_gets_that_of_its_verb(verb: str, name: str) -> None:
    assert returned(verb, {"loss": 1}) == {name: 1.0}
    assert returned(verb, {"own/loss": 1}) == {"own/loss": 1.0}


@pytest.mark.parametrize(
    "value",
    [1, 1.5, True, np.float32(0.5), np.array(2), torch.tensor(3), math.nan, -math.inf,
     Decimal("1.5")],
)  # fmt: skip
def test_every_kind_of_number_is_one(value: Any) -> None:
    found = returned("evaluate", {"x": value})["eval/x"]
    assert found == float(value) or math.isnan(found)


@pytest.mark.parametrize(
    "value", [None, "1", b"1", [1], {}, 1j, object(), np.ones(2), torch.ones(2), 10**400, Silent()]
)
def test_what_is_no_number_is_named(value: Any) -> None:
    with pytest.raises(MetricsError, match=r"^evaluate returned eval/x = .*; valid: a number$"):
        returned("evaluate", {"x": value})


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[31m", "a\0", "\ud800", "x" * 201])
def test_a_name_that_cannot_be_printed_is_refused(name: str) -> None:
    with pytest.raises(MetricsError, match="printable") as caught:
        returned("probe", {name: 1})
    assert str(caught.value).isprintable()


def test_other_mistakes_are_named() -> None:
    with pytest.raises(MetricsError, match="finish returned a metric called 3; valid: a name"):
        returned("finish", {3: 1.0})
    with pytest.raises(MetricsError, match="train_step returned both 'a' and 'train/a'"):
        returned("train_step", {"train/a": 1.0, "a": 2.0})
    for value, kind in ((None, "None"), ([("a", 1)], "a list"), (0.5, "a float")):
        with pytest.raises(MetricsError, match=f"evaluate returned {kind}; valid: a mapping"):
            returned("evaluate", value)


def test_a_name_is_the_text_and_not_what_it_prints_as() -> None:
    assert returned("train_step", {Name.LOSS: 1.0}) == {"train/loss": 1.0}


def test_a_mean_is_over_the_steps_that_reported() -> None:
    steps = Returned("train_step")
    for step in range(6):
        steps.add({"loss": float(step)} | ({"rare": 3.0} if step % 3 == 0 else {}))
    assert steps.means() == {"train/loss": 2.5, "train/rare": 3.0}


def test_a_tensor_that_is_used_again_counts_as_it_was() -> None:
    steps, kept = Returned("train_step"), torch.zeros(())
    for value in (1.0, 3.0):
        kept.fill_(value)
        steps.add({"loss": kept})
    assert steps.means() == {"train/loss": 2.0}


ANY = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=3)
)


@given(
    st.dictionaries(ANY, ANY | st.lists(ANY), max_size=4), st.sampled_from(["train_step", "probe"])
)
def test_anything_is_numbers_by_name_or_one_line(value: dict[Any, Any], verb: str) -> None:
    try:
        found = returned(verb, value)
    except MetricsError as error:
        assert str(error).startswith(f"{verb} returned ")
        assert str(error).isprintable()
        return
    assert len(found) == len(value)
    assert all(isinstance(number, float) for number in found.values())
    assert all("/" in name and full_name(name) == name and is_name(name) for name in found)
