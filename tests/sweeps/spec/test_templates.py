"""Whatever a parameter holds stays one argument, as it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.sweeps.spec.templates import fill, places


@given(st.text())
def test_text_is_passed_on_as_it_is(value: str) -> None:
    assert fill("--name={a.b}", {"a.b": value}) == f"--name={value}"


@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.none()))
def test_numbers_are_passed_on_without_loss(value: float | bool | None) -> None:
    assert json.loads(fill("{x}", {"x": value})) == value


@given(st.text())
def test_doubled_braces_are_braces(text: str) -> None:
    word = text.replace("{", "{{").replace("}", "}}")
    assert places(word) == []
    assert fill(word, {}) == text


@pytest.mark.parametrize("word", ["{", "}", "a{b", "{}", "{0}", "{a b}", "{a:g}", "{a!r}", "{a-b}"])
def test_what_is_no_place_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="brace"):
        places(word)


def test_places_are_found_in_order() -> None:
    assert places("--a={x}{y.z},{x} {{not}}") == ["x", "y.z", "x"]
