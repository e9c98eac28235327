"""The command line as a user types it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.curves import read_lines
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.spec import yamlio
from tests.sweeps.alone import alone
from tests.sweeps.specs import regression

ROOT = Path(__file__).parents[2]


def ilsweep(*args: object, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*args), **options(env), timeout=400)


def start(*args: object) -> subprocess.Popen[str]:
    return subprocess.Popen(command(*args), **options({}))


def command(*args: object) -> list[str]:
    return [sys.executable, "-m", "ilsweep.sweeps.cli.main", *map(str, args)]


def options(env: dict[str, str]) -> dict[str, Any]:
    pipe = subprocess.PIPE
    alone = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    return {"cwd": ROOT, "env": {**alone, **env}, "stdout": pipe, "stderr": pipe, "text": True}


def write_spec(folder: Path, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "spec.yaml"
    path.write_text(yamlio.dump(regression(**changes)))
    return path


def trials(root: Path) -> dict[str, TrialRecord]:
    return {trial.id: trial for trial in read_sweep(root).trials}


def rows(root: Path, trial_id: str) -> list[dict[str, Any]]:
    return read_lines(SweepPaths(root).trial(trial_id).metrics)


def told(root: Path) -> list[str]:
    storage = JournalStorage(JournalFileBackend(str(SweepPaths(root).optuna)))
    return [trial.state.name for trial in optuna.load_study(study_name="small", storage=storage)
            .trials]  # fmt: skip


def wait_for(condition: Callable[[], Any], seconds: float = 200) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.05)


def undisturbed(trial: TrialRecord, params: dict[str, Any], folder: Path) -> list[float]:
    """The losses that a trial of the regression reports when nothing happens to it."""
    loop = alone({**params, **trial.searched}, folder / trial.id, trial.seed or 0)
    losses = []
    while not loop.finished:
        losses.append(loop.train_to_report()["train/loss"])
    return losses
