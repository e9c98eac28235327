"""Demonstrations of gym-aloha, recorded by a way-point expert."""

from __future__ import annotations

from pathlib import Path

from trainers.data.aloha_layout import CONTROLS
from trainers.data.config import DataConfig
from trainers.data.dataset import Demonstrations
from trainers.data.features import ENVIRONMENT, STATE
from trainers.data.recorded import Recorder
from trainers.data.recording import record
from trainers.data.simulator import environment
from trainers.data.source import Progress, Say
from trainers.envs.rendering import check_opengl

RECORDER = Recorder(
    name="aloha",
    recipe=2,
    packages=("mujoco", "gym-aloha", "numpy"),
    record=record,
    controls=CONTROLS,
    aligned_by=(STATE, ENVIRONMENT),
)


def load(config: DataConfig, cache_dir: Path, progress: Progress, say: Say) -> Demonstrations:
    """The demonstrations of a configuration, recorded now unless they are in the cache.

    Raises:
        NoOpenGL: images are asked for, and there is no OpenGL, which rollouts need even where
            the images are in the cache.
        OSError: the cache cannot be written.
        RuntimeError: the expert fails nearly everywhere.
    """
    if config.observation == "images":
        check_opengl()
    return RECORDER.load(config, environment(config), cache_dir, progress, say)
