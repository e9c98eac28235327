"""Demonstrations of gym-aloha, recorded by a way-point expert."""

from __future__ import annotations

from trainers.data.aloha_layout import CONTROLS
from trainers.data.features import ENVIRONMENT, STATE
from trainers.data.recorded import Recorder
from trainers.data.recording import record
from trainers.data.simulator import environment

RECORDER = Recorder(
    name="aloha",
    recipe=2,
    packages=("mujoco", "gym-aloha", "numpy"),
    record=record,
    controls=CONTROLS,
    aligned_by=(STATE, ENVIRONMENT),
    environment=environment,
)
