"""Small recorded demonstrations that several tests share; they need no OpenGL."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pytest

from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.envs.aloha.config import DataConfig, Task
from ilsweep.trainers.envs.rendering import NoOpenGL, check_opengl


@cache
def recorded(task: Task = "transfer_cube") -> Demonstrations:
    """Two episodes in each domain, state observations."""
    config = DataConfig(
        task=task, episodes=2, observation="state", domains=("source", "target"), holdout=0.5
    )
    with tempfile.TemporaryDirectory() as folder:
        return config.load(Path(folder))


@cache
def has_opengl() -> bool:
    """Whether images can be drawn here."""
    try:
        check_opengl()
    except NoOpenGL:
        return False
    return True


needs_opengl = pytest.mark.skipif(not has_opengl(), reason="no OpenGL here")
