"""Parameters in their two forms, nested and by dotted name, and those of the demonstrations.

A space varies the demonstrations by names that begin with `data.`; all others are the trainer's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

DATA = "data."
"""Beginning of the names that vary the demonstrations."""


def flat(params: Mapping[str, Any]) -> dict[str, Any]:
    """Nested or dotted parameters, all dotted."""
    return dict(flat_items(params))


def flat_items(
    params: Mapping[str, Any], single: Collection[str] = (), prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """The same pair by pair, where a name may stand twice; an empty mapping for one of `single`."""
    for name, value in params.items():
        whole = f"{prefix}{name}"
        if isinstance(value, Mapping) and (value or whole not in single):
            yield from flat_items(value, single, f"{whole}.")
        else:
            yield whole, value


def nested(params: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted parameters as the nested ones that a configuration takes."""
    result: dict[str, Any] = {}
    for name, value in params.items():
        *groups, last = name.split(".")
        inner = result
        for group in groups:
            inner = inner.setdefault(group, {})
            if not isinstance(inner, dict):
                inner = {}
        inner[last] = value
    return result


def is_of_data(name: str) -> bool:
    """Whether a name of the space varies the demonstrations."""
    return name.startswith(DATA)


def of_data(values: Mapping[str, T]) -> dict[str, T]:
    """What belongs to the demonstrations, as their own configuration calls it."""
    return {name[len(DATA) :]: value for name, value in values.items() if is_of_data(name)}


def of_trainer(values: Mapping[str, T]) -> dict[str, T]:
    """What belongs to the trainer."""
    return {name: value for name, value in values.items() if not is_of_data(name)}
