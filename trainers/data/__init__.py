"""Demonstrations: what they hold, how they are recorded and kept, and the simulator behind them.

`DataConfig` comes at once; `load` and `NoOpenGL` with what they need, when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainers.data.config import DataConfig as DataConfig

if TYPE_CHECKING:
    from trainers.data.aloha import load as load
    from trainers.data.rendering import NoOpenGL as NoOpenGL


def __getattr__(name: str) -> Any:
    if name == "load":
        from trainers.data.aloha import load

        return load
    if name == "NoOpenGL":
        from trainers.data.rendering import NoOpenGL

        return NoOpenGL
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
