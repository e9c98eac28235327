"""A trainer as its checkpoint left it: its policy acts, and can be evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ilsweep.analysis.records.model import read_trial
from ilsweep.analysis.records.paths import SweepPaths, TrialPaths
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.spec.trial_config import SharedConfig, TrialConfig
from ilsweep.sweeps.store import checkpoints
from ilsweep.sweeps.store.sweep_dir import plan_of

if TYPE_CHECKING:
    from ilsweep.trainers.core.contract import Trainer


@dataclass(frozen=True)
class Checkpoint:
    """One of our trials, and the file of its weights."""

    shared: SharedConfig
    trial: TrialConfig
    file: Path


def trained(checkpoint: Path | str) -> Trainer:
    """The trainer of a checkpoint of ours, in its sweep's folder: its policy acts by `solve`.

    Of a trial's folder it is that of the newest checkpoint. Runs the trainer's code, and opens its
    demonstrations.

    Raises:
        FolderError: it does not lie in a sweep's folder, or is not there.
        ValueError: it is not a whole checkpoint.
    """
    found, _ = checkpoint_of(Path(checkpoint))
    return loaded(found.shared, found.trial, found.file)


def checkpoint_of(path: Path) -> tuple[Checkpoint, Plan]:
    """A trial's newest checkpoint, or the one that `path` is, and its sweep's plan.

    Raises:
        FolderError: it belongs to no trial of ours, or there is none.
    """
    place = path.resolve()
    folder = place.parent.parent if place.suffix == ".ckpt" else place
    if folder.parent.name != "trials" or not (folder / "params.json").is_file():
        raise FolderError(
            f"{path}: not a trial of a sweep; valid: runs/NAME/trials/ID, or one of its checkpoints"
        )
    sweep = SweepPaths(folder.parent.parent)
    plan = plan_of(sweep)
    file = place if place.suffix == ".ckpt" else checkpoints.newest(folder / "checkpoints")
    if file is None or not file.is_file():
        why = checkpoints.why_removed(folder / "checkpoints")
        raise FolderError(f"{path}: {why or 'has no whole checkpoint'}")
    record = read_trial(TrialPaths(folder))
    trial = plan.trial(record.searched, record.seed or 0, record.config_id)
    return Checkpoint(plan.shared(sweep.root), trial, file), plan


def loaded(shared: SharedConfig, trial: TrialConfig, checkpoint: Path | None = None) -> Trainer:
    """A trial's trainer from a checkpoint; from its newest where none is named."""
    from ilsweep.sweeps.worker.device import take_device
    from ilsweep.sweeps.worker.training_loop import TrainingLoop

    loop = TrainingLoop(
        shared.trainer,
        trial,
        checkpoints.CheckpointFolder(shared.paths(trial.id).checkpoints),
        threads=shared.threads,
        device=take_device(shared.gpus),
    )
    if checkpoint is None:
        loop.resume()
    else:
        loop.load(checkpoint)
    return loop.trainer
