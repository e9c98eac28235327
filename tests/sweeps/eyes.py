"""Trainers whose policies are known to look, or not to, in a small world that is seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.execution.recorder import write_params
from ilsweep.sweeps.store import sweep_dir
from ilsweep.sweeps.store.checkpoints import CheckpointFolder
from ilsweep.sweeps.validation.validate import check
from ilsweep.sweeps.worker.training_loop import TrainingLoop
from ilsweep.trainers.bc.policy import GaussianPolicy
from ilsweep.trainers.bc.trainer import BC
from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.dataset import Demonstrations, Float
from ilsweep.trainers.data.source import DataSource, Progress, Say, quiet
from tests.trainers.evaluation.test_lesions import Blind, Looks
from tests.trainers.tiny import tiny_demonstrations


class Seen(DataSource):
    """Demonstrations of the small world, by a camera."""

    observation: Literal["images", "state"] = "images"
    world: bool = True
    """Whether there is an environment."""
    controls: ClassVar[tuple[str, ...]] = ("joint", "ee")
    has_environment: ClassVar[bool] = True

    def load(self, cache_dir: Path, progress: Progress = quiet, say: Say = print) -> Demonstrations:
        del cache_dir, progress, say
        data = tiny_demonstrations(6)
        return data if self.world else replace(data, environment=None)


class _Known(GaussianPolicy):
    known: ClassVar[Any]

    def predict_chunk(self, observation: Observation) -> Float:
        chunk: Float = self.known.predict_chunk(observation).astype(np.float32)
        return chunk


class _Looking(_Known):
    known = Looks()


class _Blind(_Known):
    known = Blind()


class Looking(BC):
    """Goes where the image shows the goal."""

    def policy(self) -> GaussianPolicy:
        return _Looking(self.net, self.preprocessor, self.config.image_norm)


class Blindfolded(BC):
    """Goes to the middle, near which some goals are."""

    def policy(self) -> GaussianPolicy:
        return _Blind(self.net, self.preprocessor, self.config.image_norm)


class _Lost(GaussianPolicy):
    """It predicts as it has learnt, and acts without getting anywhere."""

    def predict_chunk(self, observation: Observation) -> Float:
        return np.zeros_like(super().predict_chunk(observation))


class Lost(BC):
    """Stays where it is."""

    def policy(self) -> GaussianPolicy:
        return _Lost(self.net, self.preprocessor, self.config.image_norm)


class Cloned(BC):
    """As it has learnt."""


def trained(root: Path, trainer: str, world: bool = True, **params: Any) -> Path:
    """The folder of a trial as a sweep leaves it."""
    plan = check({
        "name": "eyes", "trainer": f"tests.sweeps.eyes:{trainer}", "seeds": [0],
        "data": {"source": "tests.sweeps.eyes:Seen", "world": world},
        "space": {"lr": {"choice": [1e-3]}},
        "params": {"steps": 1, "batch_size": 2, "log_every": 1, "rollouts": 0,
                   "lesions": 0, **params},
        "search": {"algorithm": "grid"}, "objective": {"metric": "bc/test_mse", "mode": "min"},
    })  # fmt: skip
    paths = SweepPaths(root.resolve())
    sweep_dir.make(paths)
    sweep_dir.describe(plan, paths, ["ilsweep", "run"], "2026-01-01T00:00:00+00:00")
    trial = plan.trial({"lr": 1e-3}, 0, "c0000")
    write_params(paths, trial)
    folder = paths.trial(trial.id)
    loop = TrainingLoop(plan.spec.trainer, trial, CheckpointFolder(folder.checkpoints))
    while not loop.finished:
        loop.train_to_report()
    return folder.root
