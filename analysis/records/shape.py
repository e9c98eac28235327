"""A foreign manifest, spec or record brought into the shape that the analysis expects.

Whoever edited or damaged a folder can have written anything. What has the wrong shape is passed
over here, once, so that nothing that reads a record has to ask again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

DEEPEST = 20
"""Levels of a value; what lies deeper is left out."""
LARGEST = 2**63
"""A whole number from here on becomes a float, infinite where no float is so large."""


def sound(value: Any, deepest: int = DEEPEST) -> Any:
    """JSON whose numbers can be counted with and whose depth is bounded."""
    if type(value) is int and not -LARGEST < value < LARGEST:
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    if isinstance(value, dict):
        return {key: sound(item, deepest - 1) for key, item in value.items()} if deepest else {}
    if isinstance(value, list):
        return [sound(item, deepest - 1) for item in value] if deepest else []
    return value


Shape = Callable[[Any], Any]
"""The value in its shape; None where it has another."""


def text(value: Any) -> str | None:
    """The value where it is a text."""
    return value if isinstance(value, str) else None


def whole(value: Any) -> int | None:
    """The value where it is a whole number and no truth value."""
    return value if type(value) is int else None


def table(value: Any) -> dict[str, Any] | None:
    """The value where it is a mapping."""
    return value if isinstance(value, dict) else None


def tables(value: Any) -> list[dict[str, Any]] | None:
    """The mappings of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else None


def _sessions(value: Any) -> list[dict[str, Any]] | None:
    """Each time that the sweep was worked at."""
    found = tables(value)
    return found and [_shaped(one, {"trials": whole, "added": whole}) or {} for one in found]


def _seeds(value: Any) -> list[int] | dict[str, Any] | None:
    """A list, or the rules of a race."""
    if isinstance(value, dict):
        least, most = whole(value.get("at_least")), whole(value.get("at_most"))
        return value if least and most and 0 < least < most else None
    seeds = [seed for seed in value if type(seed) is int] if isinstance(value, list) else []
    return seeds or None


def _objective(value: Any) -> Any:
    """One objective, or several, each with a metric's name and a mode."""
    if isinstance(value, list):
        return [item for item in map(_one_objective, value) if item] or None
    return _one_objective(value)


def _one_objective(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict) or value.get("mode") not in ("min", "max"):
        return None
    return value if isinstance(value.get("metric"), str) else None


def _hypotheses(value: Any) -> list[dict[str, Any]] | None:
    claims = tables(value)
    return claims and [
        claim for claim in claims if text(claim.get("param")) and text(claim.get("metric"))
    ]


def _search(value: Any) -> dict[str, Any] | None:
    return _shaped(value, {"algorithm": text, "sampler": text, "num_trials": whole, "seed": whole})


def _scheduler(value: Any) -> dict[str, Any] | None:
    return _shaped(value, {"type": text})


SPEC: Mapping[str, Shape] = {
    "name": text, "question": text, "trainer": text, "parent": text, "command": table,
    "data": table, "params": table, "space": table, "seeds": _seeds, "objective": _objective,
    "search": _search, "scheduler": _scheduler, "resources": table, "hypotheses": _hypotheses,
    "wandb": table, "thresholds": table, "warm_start": tables,
}  # fmt: skip

MANIFEST: Mapping[str, Shape] = {
    "name": text, "spec": lambda value: _shaped(value, SPEC), "trials": whole, "trainer": table,
    "versions": table, "commit": text, "host": text, "platform": text, "cpus": whole,
    "sessions": _sessions, "objective": _objective,
}  # fmt: skip


def _shaped(value: Any, shapes: Mapping[str, Shape]) -> dict[str, Any] | None:
    """The mapping without what has not its shape; keys that are not known stay as they are."""
    if not isinstance(value, dict):
        return None
    found = {key: shapes[key](item) if key in shapes else item for key, item in value.items()}
    return {key: item for key, item in found.items() if item is not None or value[key] is None}


def manifest_of(value: Any) -> dict[str, Any]:
    """A manifest; empty where it is none."""
    return _shaped(sound(value), MANIFEST) or {}
