"""Where demonstrations can come from, by the `source` of what is asked for.

Imports no numpy, so that a spec is checked in no time.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainers.data.config import DataConfig
from trainers.data.lerobot_config import LeRobotDataConfig

if TYPE_CHECKING:
    from trainers.data.dataset import Demonstrations
    from trainers.data.store import Progress, Say

AnyDataConfig = DataConfig | LeRobotDataConfig
SOURCES: Mapping[str, type[AnyDataConfig]] = {"aloha": DataConfig, "lerobot": LeRobotDataConfig}

_log = logging.getLogger(__name__)


def kind_of(data: Mapping[str, Any]) -> type[AnyDataConfig]:
    """The configuration that belongs to a source; `aloha`'s where it is not known."""
    return SOURCES.get(str(data.get("source", "aloha")), DataConfig)


def parse(data: Mapping[str, Any]) -> AnyDataConfig:
    """What is asked for, checked.

    Raises:
        ValidationError: pydantic's, with every mistake.
    """
    return kind_of(data).model_validate(data)


def load(
    config: AnyDataConfig,
    cache_dir: Path,
    progress: Progress = lambda done, total, what: None,
    say: Say = _log.warning,
) -> Demonstrations:
    """The demonstrations of a configuration, made or read now unless they are in the cache.

    Raises:
        NoOpenGL, OSError, RuntimeError: as `aloha.load`.
        UnusableData, OSError: as `lerobot.load`.
    """
    if isinstance(config, LeRobotDataConfig):
        from trainers.data import lerobot

        return lerobot.load(config, cache_dir, progress, say)
    from trainers.data import aloha

    return aloha.load(config, cache_dir, progress, say)
