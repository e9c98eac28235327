"""Where demonstrations can come from, by the `source` of what is asked for.

Imports no numpy, so that a spec is checked in no time.

ValueError
    UnknownSource    a name that leads to no source
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

from trainers.data.source import DataSource

SOURCES: Mapping[str, str] = {
    "aloha": "trainers.data.config:DataConfig",
    "lerobot": "trainers.data.lerobot_config:LeRobotDataConfig",
    "metaworld": "trainers.envs.metaworld.config:MetaWorldConfig",
}
"""Name to `module:Class`; one line adds a source."""


class UnknownSource(ValueError):  # noqa: N818
    """The name is neither a ready source's nor a `module:Class` that leads to one."""

    def __init__(self, rule: str, valid: str = "") -> None:
        super().__init__(f"{rule}; valid: {valid}" if valid else rule)
        self.rule = rule
        self.valid = valid


def kind_of(data: Mapping[str, Any]) -> type[DataSource]:
    """The class of a source, looked for in the working folder too.

    Raises:
        UnknownSource: there is none; the message says what would be valid.
    """
    name = str(data.get("source", "aloha"))
    module_name, colon, class_name = SOURCES.get(name, name).partition(":")
    if not colon:
        raise UnknownSource("unknown", f"{', '.join(SOURCES)}, or module:Class of your own")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # console scripts start without the working folder
    try:
        found = getattr(importlib.import_module(module_name), class_name, None)
    except Exception as error:  # a user's module may raise anything
        raise UnknownSource(
            f"cannot import {module_name}: {type(error).__name__}: {error}"
        ) from error
    if not (isinstance(found, type) and issubclass(found, DataSource)):
        reason = "is not a subclass of trainers.data.source.DataSource" if found else "is not there"
        raise UnknownSource(f"{class_name} {reason} in {module_name}")
    return found


def parse(data: Mapping[str, Any]) -> DataSource:
    """What is asked for, checked.

    Raises:
        UnknownSource: there is no such source.
        ValidationError: pydantic's, with every mistake.
    """
    return kind_of(data).model_validate(data)
