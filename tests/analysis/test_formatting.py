"""Numbers as sentences show them."""

from __future__ import annotations

import pytest

from ilsweep.analysis.formatting import num, pct


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3000, "3000"), (12345, "12300"), (-1500.4, "-1500"), (999.6, "1000"), (1e6, "1e+06"),
        (0.00012345, "0.000123"), (1e-5, "1e-05"), (-0.0, "0"), (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_a_number_of_a_sentence(value: float, text: str) -> None:
    assert num(value) == text


def test_nothing_is_not_minus_nothing() -> None:
    assert pct(-0.0) == "0 %"
    assert pct(15.0) == "1500 %"
