"""What pydantic refuses, in the words of a spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ilsweep.sweeps.spec.model import PATTERNS

WHOLE, NUMBER, LIST = "must be a whole number", "must be a number", "must be a list"

RULES: Mapping[str, tuple[str, str]] = {
    "int_type": (WHOLE, ""),
    "int_parsing": (WHOLE, ""),
    "int_parsing_size": (WHOLE, ""),
    "int_from_float": (WHOLE, ""),
    "float_type": (NUMBER, ""),
    "float_parsing": (NUMBER, ""),
    "finite_number": ("must be a finite number", ""),
    "bool_type": ("must be true or false", ""),
    "bool_parsing": ("must be true or false", ""),
    "string_type": ("must be text", ""),
    "list_type": (LIST, "[A, B]"),
    "tuple_type": (LIST, "[A, B]"),
    "dict_type": ("must be a mapping", "{KEY: VALUE}"),
    "model_type": ("must be a section", ""),
    "model_attributes_type": ("must be a section", ""),
}
"""What a value of another kind should have been, and how that is written."""


def told(item: Mapping[str, Any]) -> tuple[str, str]:
    """The rule that one of a `ValidationError`'s items breaks, and what would be valid."""
    kind, context = item["type"], item.get("ctx", {})
    if kind in RULES:
        rule, valid = RULES[kind]
        return f"{rule}, not empty" if item["input"] is None else rule, valid
    if kind == "literal_error":
        return f"must be {context['expected'].replace(chr(39), '')}", ""
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        return "must be text of another form", PATTERNS.get(pattern, f"what matches {pattern}")
    if kind == "too_short":
        return f"must have at least {context['min_length']}", ""
    if kind == "too_long":
        return f"must have at most {context['max_length']}", ""
    message = item["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    rule, _, valid = message.partition("; valid: ")
    return rule[0].lower() + rule[1:], valid
