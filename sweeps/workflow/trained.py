"""A trainer as its checkpoint left it: its policy acts, and can be evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ilsweep.analysis.records.model import read_trial
from ilsweep.analysis.records.paths import SweepPaths, TrialPaths
from ilsweep.sweeps.spec.trial_config import SharedConfig, TrialConfig
from ilsweep.sweeps.store import checkpoints
from ilsweep.sweeps.store.sweep_dir import plan_of

if TYPE_CHECKING:
    from ilsweep.trainers.core.contract import Trainer


def trained(checkpoint: Path | str) -> Trainer:
    """The trainer of a checkpoint of ours, in its sweep's folder: its policy acts by `solve`.

    Runs the trainer's code, and opens its demonstrations.

    Raises:
        FolderError: it does not lie in a sweep's folder.
        ValueError: it is not a whole checkpoint.
    """
    path = Path(checkpoint).resolve()
    trial, paths = TrialPaths(path.parent.parent), SweepPaths(path.parents[3])
    plan, record = plan_of(paths), read_trial(trial)
    config = plan.trial(record.searched, record.seed or 0, record.config_id)
    return loaded(plan.shared(paths.root), config, path)


def loaded(shared: SharedConfig, trial: TrialConfig, checkpoint: Path | None = None) -> Trainer:
    """A trial's trainer from a checkpoint; from its newest where none is named."""
    from ilsweep.sweeps.worker.training_loop import TrainingLoop, device_of

    loop = TrainingLoop(
        shared.trainer,
        trial,
        checkpoints.CheckpointFolder(shared.paths(trial.id).checkpoints),
        threads=shared.threads,
        device=device_of(shared.gpus),
    )
    if checkpoint is None:
        loop.resume()
    else:
        loop.load(checkpoint)
    return loop.trainer
