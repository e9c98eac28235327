"""Demonstrations: what they hold, how they are recorded and kept, and the simulator behind them.

The configurations come at once, `NoOpenGL` with what it needs when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainers.data.config import DataConfig as DataConfig
from trainers.data.lerobot_config import LeRobotDataConfig as LeRobotDataConfig
from trainers.data.lerobot_layout import UnusableData as UnusableData
from trainers.data.source import DataSource as DataSource
from trainers.data.sources import parse as parse

if TYPE_CHECKING:
    from trainers.envs.rendering import NoOpenGL as NoOpenGL


def __getattr__(name: str) -> Any:
    if name == "NoOpenGL":
        from trainers.envs.rendering import NoOpenGL

        return NoOpenGL
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
