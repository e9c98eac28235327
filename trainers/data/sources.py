"""Where demonstrations can come from, by the `source` of what is asked for.

Imports no numpy, so that a spec is checked in no time.

ValueError
    UnknownSource    a name that leads to no source
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ilsweep.trainers.core.named import NotThere, class_named
from ilsweep.trainers.data.source import DataSource

SOURCES: Mapping[str, str] = {
    "aloha": "ilsweep.trainers.envs.aloha.config:DataConfig",
    "gym": "ilsweep.trainers.envs.gym.source:GymConfig",
    "lerobot": "ilsweep.trainers.data.lerobot.config:LeRobotDataConfig",
    "metaworld": "ilsweep.trainers.envs.metaworld.config:MetaWorldConfig",
}
"""Name to `module:Class`; one line adds a source."""


class UnknownSource(ValueError):  # noqa: N818
    """The name is neither a ready source's nor a `module:Class` that leads to one."""

    def __init__(self, rule: str, valid: str = "") -> None:
        super().__init__(f"{rule}; valid: {valid}" if valid else rule)
        self.rule = rule
        self.valid = valid


def is_own(data: Mapping[str, Any]) -> bool:
    """Whether the source is none of the ready ones: looking for it imports a user's code."""
    return str(data.get("source", "aloha")) not in SOURCES


def kind_of(data: Mapping[str, Any]) -> type[DataSource]:
    """The class of a source, looked for in the working folder too.

    Raises:
        UnknownSource: there is none; the message says what would be valid.
    """
    name = str(data.get("source", "aloha"))
    if name not in SOURCES and ":" not in name:
        raise UnknownSource("unknown", f"{', '.join(SOURCES)}, or module:Class of your own")
    try:
        found: type[DataSource] = class_named(SOURCES.get(name, name), DataSource, own=is_own(data))
    except NotThere as error:
        raise UnknownSource(str(error)) from error
    return found


def parse(data: Mapping[str, Any]) -> DataSource:
    """What is asked for, checked.

    Raises:
        UnknownSource: there is no such source.
        ValidationError: pydantic's, with every mistake.
    """
    return kind_of(data).model_validate(data)
