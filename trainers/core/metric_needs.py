"""What a trainer's configuration and its data must be for a metric to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel


@dataclass(frozen=True)
class Above:
    """A number is above 0."""

    def met(self, value: Any) -> bool:
        return bool(value)

    def rule(self, name: str, value: Any) -> tuple[str, str]:
        del value
        return f"{name} above 0", f"{name}: 10"


@dataclass(frozen=True)
class AtLeast:
    """A number is so large."""

    least: int

    def met(self, value: Any) -> bool:
        return bool(value >= self.least)

    def rule(self, name: str, value: Any) -> tuple[str, str]:
        del value
        return f"{name} of {self.least} or more", f"{name}: {self.least}"


@dataclass(frozen=True)
class Is:
    """A choice is this one."""

    wanted: str

    def met(self, value: Any) -> bool:
        return bool(value == self.wanted)

    def rule(self, name: str, value: Any) -> tuple[str, str]:
        del value
        return f"{name} {self.wanted}", f"{name}: {self.wanted}"


@dataclass(frozen=True)
class Has:
    """A list has this one, as `listed` does."""

    wanted: str
    listed: str

    def met(self, value: Any) -> bool:
        return self.wanted in value

    def rule(self, name: str, value: Any) -> tuple[str, str]:
        del value
        return f"{self.wanted} among {name}", f"{name}: {self.listed}"


@dataclass(frozen=True)
class IsNot:
    """A number is another one."""

    other: int

    def met(self, value: Any) -> bool:
        return bool(value != self.other)

    def rule(self, name: str, value: Any) -> tuple[str, str]:
        del value
        return f"{name} other than {self.other}", ""


@dataclass(frozen=True)
class OneOfSeveral:
    """A list of two or more has this one; `*` is what the pattern's `*` stands for."""

    wanted: str = "*"

    def met(self, value: Any) -> bool:
        return value is None or (len(value) > 1 and self.wanted in value)

    def rule(self, name: str, value: Any) -> tuple[str, str]:
        if len(value) > 1:
            return f"{self.wanted} among {name}", f"{', '.join(value)} in its place"
        return f"two {name} or more, {self.wanted} among them", ""


@dataclass(frozen=True)
class NotSeveral:
    """A list has one, or none."""

    def met(self, value: Any) -> bool:
        return value is None or len(value) < 2

    def rule(self, name: str, value: Any) -> tuple[str, str]:
        return f"at most one of {name}", f"{', '.join(value)} in its place"


Condition = Above | AtLeast | Is | Has | IsNot | OneOfSeveral | NotSeveral
Needs = str | Mapping[str, Condition]
"""A parameter that must be above 0, or several parameters, each with its condition.

Names are dotted; `data.observation` (`images` or `state`), `data.domains` and `data.cameras` are
those of the data.
"""

OF_DATA = {
    "data.observation": "observation",
    "data.domains": "variants",
    "data.cameras": "seen_cameras",
}
"""Their names in `DataDescription`."""


def names_of(needs: Mapping[str, Needs]) -> set[str]:
    """All parameters that any metric needs."""
    return {name for need in needs.values() for name in ([need] if isinstance(need, str) else need)}


def lacking(
    needs: Mapping[str, Needs], metric: str, config: BaseModel, data: Any
) -> tuple[str, str] | None:
    """What a configuration lacks for a metric, and what would be valid; None where it comes.

    Of `needs` the first pattern counts that the metric has.
    """
    pattern = next((name for name in needs if fnmatchcase(metric, name)), "")
    wanted = needs.get(pattern, {})
    conditions = {wanted: Above()} if isinstance(wanted, str) else wanted
    rules = []
    for name, condition in conditions.items():
        value = _value(name, config, data)
        if condition == OneOfSeveral():
            condition = OneOfSeveral(metric.removeprefix(pattern.removesuffix("*")))
        if not condition.met(value):
            rules.append(condition.rule(name, value))
    if not rules:
        return None
    return " and ".join(rule for rule, _ in rules), ", ".join(valid for _, valid in rules if valid)


def _value(name: str, config: BaseModel, data: Any) -> Any:
    if name in OF_DATA:
        return getattr(data, OF_DATA[name])
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part)
    return value
