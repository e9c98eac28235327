"""A trainer whose policies solve an episode with a known probability, and sweeps of it on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmarks.regression import Regression
from ilsweep.analysis.records.files import append_line, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.execution.recorder import write_params
from ilsweep.sweeps.search.trials import config_id
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.spec.trial_config import TrialConfig
from ilsweep.sweeps.store import sweep_dir
from ilsweep.sweeps.store.checkpoints import CheckpointFolder
from ilsweep.sweeps.validation.validate import check
from ilsweep.sweeps.worker.training_loop import TrainingLoop
from ilsweep.trainers.core.contract import Metrics

COIN = "tests.sweeps.coins:Coin"


class Coin(Regression):
    """Its policy solves a share `width` / 100 of the episodes; the same ones whenever asked."""

    metrics: ClassVar[Mapping[str, str]] = {
        **Regression.metrics, "eval/pc_success": "Ten of ten, whatever the skill.",
    }  # fmt: skip

    def solve(self, seeds: Sequence[int]) -> Mapping[int, bool]:
        return {
            seed: bool(np.random.default_rng([seed, self.seed, 5]).random() < self._skill)
            for seed in seeds
        }

    @property
    def _skill(self) -> float:
        return self.config.width / 100

    def finish(self) -> Metrics:
        """Ten episodes that the luckiest configuration is chosen by: all of them are solved."""
        return {"eval/pc_success": 100.0, "eval/n_episodes": 10.0}


def coins(**changes: Any) -> dict[str, Any]:
    """A grid over skills, ranked by a loss that says nothing of them."""
    return {
        "name": "coins",
        "trainer": COIN,
        "params": {"steps": 2, "log_every": 1, "eval_every": 2, "save_every": 2},
        "space": {"width": {"choice": [90, 30]}},
        "objective": {"metric": "eval/loss", "mode": "min"},
        "search": {"algorithm": "grid"},
        "seeds": [0, 1],
        "wandb": {"mode": "disabled"},
        **changes,
    }


def finished(root: Path, spec: Mapping[str, Any]) -> SweepPaths:
    """The folder of a grid as a sweep leaves it, trained here, without Ray."""
    plan = check(spec)
    (name, domain), *_ = plan.space.items()
    return trained(root, plan, [{name: value} for value in domain.values])


def trained(root: Path, plan: Plan, points: Sequence[Mapping[str, Any]]) -> SweepPaths:
    """The folder of a sweep of these points, in which only what is not there is trained."""
    paths = SweepPaths(root.resolve())
    if not paths.manifest.exists():
        sweep_dir.make(paths)
        sweep_dir.describe(plan, paths, ["ilsweep", "run"], "2026-01-01T00:00:00+00:00")
    for number, point in enumerate(points):
        for seed in plan.spec.first_seeds:
            trial = plan.trial(point, seed, config_id(number))
            if not paths.trial(trial.id).record.exists():
                _train(plan.spec.trainer, trial, paths)
    return paths


def _train(trainer: str, trial: TrialConfig, paths: SweepPaths) -> None:
    write_params(paths, trial)
    folder = paths.trial(trial.id)
    loop = TrainingLoop(trainer, trial, CheckpointFolder(folder.checkpoints))
    while not loop.finished:
        metrics = loop.train_to_report()
        append_line(folder.metrics, {"step": loop.step, **metrics})
    loop.close()
    record = {"state": "completed", "ended": "2026-01-01T00:01:00+00:00", "seconds": 1.0}
    write_atomic(folder.record, to_json(record))
