"""Demonstrations of gym-aloha, recorded by a way-point expert."""

from __future__ import annotations

from ilsweep.trainers.data.features import ENVIRONMENT, STATE
from ilsweep.trainers.envs.aloha.layout import CONTROLS
from ilsweep.trainers.envs.aloha.recording import record
from ilsweep.trainers.envs.aloha.simulator import environment
from ilsweep.trainers.envs.recorded import Recorder

RECORDER = Recorder(
    name="aloha",
    recipe=2,
    packages=("mujoco", "gym-aloha", "numpy"),
    record=record,
    controls=CONTROLS,
    aligned_by=(STATE, ENVIRONMENT),
    environment=environment,
)
