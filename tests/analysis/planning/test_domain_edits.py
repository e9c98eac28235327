"""Domains of the next stage: widened, narrowed, extended to a suggested value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.analysis.findings.finding import Suggestion
from ilsweep.analysis.inference.importance import Edge
from ilsweep.analysis.inference.search_space import SearchDomain, parse
from ilsweep.analysis.planning.domain_edits import applied, extended, narrowed, widened
from ilsweep.analysis.text import Text

SUGGESTION = Suggestion("x", "multiply", 2, Text("so", "如此"), "s")


def domain(entry: dict[str, Any]) -> SearchDomain:
    found = parse(entry)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("entry", "side", "bound", "expected"),
    [
        ({"choice": [1, 5, 10]}, "high", 10, {"choice": [5, 10, 20]}),
        ({"choice": [0.15, 1.0, 2.0]}, "low", 0.15, {"choice": [0.0225, 0.15, 1.0]}),
        ({"choice": [0, 1, 2]}, "low", 0, {"choice": [-1, 0, 1]}),
        ({"loguniform": [1e-5, 1e-3]}, "high", 1e-3, {"loguniform": [1e-5, 3e-3]}),
        ({"uniform": [0.5, 1.0]}, "high", 1.0, {"uniform": [0.5, 1.25]}),
        ({"randint": [1, 9]}, "high", 8, {"randint": [1, 13]}),
        ({"quniform": [0.0, 1.0, 0.1]}, "high", 1.0, {"quniform": [0.0, 1.5, 0.1]}),
    ],
)
def test_widening(entry: dict[str, Any], side: Any, bound: float, expected: object) -> None:
    made = domain(entry)
    shape = widened(made, Edge("x", bound, side, bound, made.log))
    assert shape is not None
    assert shape.entry == expected
    assert "border" in shape.reason.en
    assert "边界" in shape.reason.zh


@pytest.mark.parametrize(
    "entry", [{"choice": [1, 2, 4]}, {"uniform": [0.0, 1.0]}, {"randn": [0, 1]}]
)
def test_nothing_lies_beyond_some_borders(entry: dict[str, Any]) -> None:
    made = domain(entry)
    assert widened(made, Edge("x", made.low, "low", made.low, made.log)) is None


def test_narrowing_keeps_the_best_and_needs_to_be_worth_it() -> None:
    shape = narrowed(domain({"uniform": [0, 1]}), [0.4, 0.5, 0.6])
    assert shape is not None
    assert shape.entry == {"uniform": [0.35, 0.65]}
    assert narrowed(domain({"uniform": [0, 1]}), [0.1, 0.9]) is None
    untried = narrowed(domain({"uniform": [0, 1]}), [0.5, 0.6], [0.5, 0.6, 0.2, 0.3])
    assert untried is not None
    assert untried.entry == {"uniform": [0.475, 1]}  # nothing above 0.6 was tried
    assert narrowed(domain({"choice": ["a", "b", "c"]}), ["a", "a"]) is None
    shape = narrowed(domain({"choice": ["a", "b", "c"]}), ["a", "c"])
    assert shape is not None
    assert shape.entry == {"choice": ["a", "c"]}
    assert narrowed(domain({"randn": [0, 1]}), [0.1, 0.2]) is None


def test_extending_to_a_suggested_value() -> None:
    shape = extended(domain({"choice": [1.0, 5.0]}), 7.0, SUGGESTION)
    assert shape is not None
    assert shape.entry == {"choice": [1.0, 5.0, 7.0]}
    assert extended(domain({"choice": [1.0, 5.0]}), 3.0, SUGGESTION) is None  # 5 is a longer step
    shape = extended(domain({"choice": [1.0, 5.0]}), 3.0, replace(SUGGESTION, op="set"))
    assert shape is not None
    assert shape.entry == {"choice": [1.0, 3.0, 5.0]}
    assert extended(domain({"choice": [1.0, 5.0]}), 5.0, SUGGESTION) is None
    shape = extended(domain({"uniform": [0, 1]}), 2.0, SUGGESTION)
    assert shape is not None
    assert shape.entry == {"uniform": [0, 2]}
    assert extended(domain({"loguniform": [0.1, 1]}), 0.0, SUGGESTION) is None


@given(st.floats(1e-6, 1e6), st.floats(1e-3, 1e3))
def test_suggestions_are_applied(present: float, by: float) -> None:
    suggestion = Suggestion("x", "multiply", by, Text("", ""), "")
    assert applied(suggestion, present) == pytest.approx(present * by, rel=0.01)
    assert applied(suggestion, None) is None
    assert applied(suggestion, "text") is None
    whole = applied(suggestion, 8)
    assert isinstance(whole, int)
    assert whole >= 1
