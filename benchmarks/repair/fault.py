"""A spec with one fault, and the world in which its policies act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class World:
    """Where a spec's demonstrations are from and its policies act."""

    name: str
    data: Mapping[str, Any]
    """The spec's `data`, where a fault is not there."""
    params: Mapping[str, Any]
    """How policies are tried, whoever trains them."""


@dataclass(frozen=True)
class Fault:
    """One spec, and what is wrong with it."""

    about: str
    trainer: str
    params: Mapping[str, Any]
    """The fault is among them, or in `data`."""
    mended: Mapping[str, Any]
    """What somebody who knows would set."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What differs from the world's."""
    world: World = field(kw_only=True)
    options: tuple[str, ...] = ()
    """What `ilsweep run` is given beside the spec."""

    def spec(self, name: str, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The spec with the fault, or with `changes` in place of it."""
        params = {**self.params, **self.world.params, **(changes or {})}
        data = {**self.world.data, **self.data}
        for path in [path for path in params if path.startswith("data.")]:
            data[path.removeprefix("data.")] = params.pop(path)
        return {
            "name": name,
            "question": "Why does no policy succeed?",
            "trainer": self.trainer,
            "data": data,
            "params": params,
            "seeds": [0, 1],
            "objective": {"metric": "eval/pc_success", "mode": "max"},
            "resources": {"cpu": 1},
        }
