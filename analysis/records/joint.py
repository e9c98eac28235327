"""Parameters that vary together: one entry of a space, whose choices are rows of values.

    chunk_size, n_action_steps: {choice: [[50, 50], [100, 100]]}

A *dimension* is what is drawn by itself: such an entry, or a single parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

SEPARATOR = ","


def names_of(dimension: str) -> tuple[str, ...]:
    """The parameters of a dimension."""
    return tuple(name.strip() for name in dimension.split(SEPARATOR))


def is_joint(dimension: str) -> bool:
    """Whether a dimension holds several parameters."""
    return SEPARATOR in dimension


def expanded(point: Mapping[str, Any]) -> dict[str, Any]:
    """Values by dimension as values by parameter."""
    values: dict[str, Any] = {}
    for dimension, value in point.items():
        if is_joint(dimension):
            values.update(zip(names_of(dimension), value, strict=True))
        else:
            values[dimension] = value
    return values


def joined(values: Mapping[str, Any], dimensions: Iterable[str]) -> dict[str, Any]:
    """Values by parameter as values by dimension, those left out that lack one of theirs."""
    whole = [d for d in dimensions if all(name in values for name in names_of(d))]
    return {d: [values[name] for name in names_of(d)] if is_joint(d) else values[d] for d in whole}
