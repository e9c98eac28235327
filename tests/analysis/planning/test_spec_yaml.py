"""The YAML of a next stage means its spec, whatever its values and reasons."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.analysis.planning.spec_yaml import spec_text


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=6),
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
        | st.text(max_size=10) | st.lists(st.text(max_size=4), max_size=3),
        max_size=4,
    ),
    st.text(max_size=30),
)  # fmt: skip
@settings(deadline=None)
def test_no_value_and_no_reason_breaks_the_yaml(values: dict[str, Any], reason: str) -> None:
    spec = {"name": "n", "params": values, "warm_start": [values]}
    path = f"params.{next(iter(values), '')}"
    assert yaml.safe_load(spec_text(spec, {path: reason, "name": reason}, reason)) == spec
