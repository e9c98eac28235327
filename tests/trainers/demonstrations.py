"""Small recorded demonstrations that several tests share; they need no OpenGL."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ilsweep.trainers.data.dataset import Demonstrations, Domain
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


def config_of(data: Demonstrations) -> DataConfig:
    """What demonstrations of this world were recorded with."""
    assert isinstance(data.config, DataConfig)
    return data.config


def seeds_of(domain: Domain) -> NDArray[np.int64]:
    """The seed of each recorded episode, (E,)."""
    assert domain.seeds is not None
    return domain.seeds


@cache
def has_opengl() -> bool:
    """Whether images can be drawn here."""
    try:
        check_opengl()
    except NoOpenGL:
        return False
    return True


needs_opengl = pytest.mark.skipif(not has_opengl(), reason="no OpenGL here")
