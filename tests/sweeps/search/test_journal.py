"""Optuna's file: as much a trial in a large sweep, and all that was told, at any moment."""

from __future__ import annotations

from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from ilsweep.sweeps.search.journal import Journal
from tests.sweeps.search.told import Sweep


def test_what_a_trial_of_a_grid_writes_does_not_grow_with_the_grid(tmp_path: Path) -> None:
    sizes = []
    for values in (10, 1000):
        (folder := tmp_path / str(values)).mkdir()
        space = {"lr": {"grid_search": [1e-3 + 1e-6 * i for i in range(values)]}}
        sweep = Sweep(folder, space=space, search={"algorithm": "grid"})
        before = sweep.path.stat().st_size
        sweep.start("a")
        sizes.append(sweep.path.stat().st_size - before)
    assert sizes[1] < sizes[0] + 100


def test_another_process_reads_what_was_told_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "optuna.log")
    study = optuna.create_study(study_name="small", storage=JournalStorage(Journal(path)))
    for value in (0.5, 0.25):
        trial = study.ask({"lr": optuna.distributions.FloatDistribution(0.0, 1.0)})
        study.tell(trial, value)
        read = optuna.load_study(
            study_name="small", storage=JournalStorage(JournalFileBackend(path))
        )
        assert [t.value for t in read.trials] == [t.value for t in study.trials]
        assert read.best_value == value
