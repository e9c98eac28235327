"""Demonstrations of gym-aloha, recorded by a way-point expert."""

from __future__ import annotations

from dataclasses import replace

from ilsweep.trainers.core.environment import EnvironmentSpec
from ilsweep.trainers.data.features import ENVIRONMENT, STATE
from ilsweep.trainers.envs.aloha.config import DataConfig
from ilsweep.trainers.envs.aloha.layout import CONTROLS
from ilsweep.trainers.envs.aloha.recording import actions, record
from ilsweep.trainers.envs.aloha.simulator import environment
from ilsweep.trainers.envs.recorded import Recorder


def with_expert(config: DataConfig) -> EnvironmentSpec:
    """Where a policy that learnt from such demonstrations acts, and the expert that gave them."""
    return replace(environment(config), expert=actions)


RECORDER = Recorder(
    name="aloha",
    recipe=2,
    packages=("mujoco", "gym-aloha", "numpy"),
    record=record,
    controls=CONTROLS,
    aligned_by=(STATE, ENVIRONMENT),
    environment=with_expert,
)
