"""A study driven as Tune drives it, and records that it could come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.sweeps.execution.searcher import StudySearcher
from ilsweep.sweeps.search.study import Study
from ilsweep.sweeps.spec.plan import Plan
from tests.sweeps.specs import regression_plan

METRIC = "eval/loss"


def result(step: int, value: float, state: str = "running") -> dict[str, Any]:
    return {"step": step, "state": state, "objective": value, "metrics": {METRIC: value}}


class Sweep:
    """Drives a searcher as Tune would."""

    def __init__(self, path: Path, **changes: Any) -> None:
        self.path = path / "optuna.log"
        self.plan: Plan = regression_plan(**changes)
        self.study = Study(self.plan, self.path, path / "search.jsonl", [])
        self.searcher = StudySearcher(self.study, [], self.plan.configurations)

    def start(self, tune_id: str) -> dict[str, Any]:
        config = self.searcher.suggest(tune_id)
        assert isinstance(config, dict)
        return config

    def stored(self) -> list[optuna.trial.FrozenTrial]:
        self.searcher.tell_ended()
        storage = JournalStorage(JournalFileBackend(str(self.path)))
        return optuna.load_study(study_name="small", storage=storage).trials


def record(config: str, seed: int, state: Any, value: float, searched: Any) -> TrialRecord:

    curve = Curve(np.array([20, 40]), np.array([value + 1, value]))
    return TrialRecord(
        id=f"{config}-s{seed}", config_id=config, seed=seed, params={}, searched=searched,
        state=state, attempt=1, curves={METRIC: curve},
    )  # fmt: skip
