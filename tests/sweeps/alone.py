"""A trial of the small trainers in this process, without a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ilsweep.sweeps.spec.params import flat
from ilsweep.sweeps.spec.trial_config import TrialConfig
from ilsweep.sweeps.store.checkpoints import CheckpointFolder, CheckpointStore
from ilsweep.sweeps.worker.training_loop import TrainingLoop
from tests.sweeps.specs import REGRESSION


def trial(params: Mapping[str, Any], seed: int = 0) -> TrialConfig:
    """A trial with these parameters."""
    name = f"c0000-s{seed}"
    return TrialConfig(name, "c0000", seed, flat(params), int(params["steps"]))


def alone(
    params: Mapping[str, Any],
    checkpoints: Path | CheckpointStore,
    seed: int = 0,
    trainer: str = REGRESSION,
) -> TrainingLoop:
    """The training loop of such a trial."""
    if isinstance(checkpoints, Path):
        checkpoints = CheckpointFolder(checkpoints)
    return TrainingLoop(trainer, trial(params, seed), checkpoints)
