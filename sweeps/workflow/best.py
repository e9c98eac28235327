"""The best checkpoint of a sweep: where it lies, and how sure it is that it is the best."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.load.sweep import Sweep
from ilsweep.analysis.ranking.model import Row
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.external.job_paths import JobPaths, newest
from ilsweep.sweeps.store import checkpoints
from ilsweep.sweeps.workflow.postprocess import analysed


@dataclass(frozen=True)
class Best:
    """The checkpoint of the best configuration's best seed."""

    path: Path
    """A checkpoint of ours, or the newest that a command left, or that command's folder."""
    trial: TrialRecord
    says: str
    """How sure it is that this configuration is the best, in one sentence."""

    def to_json(self) -> dict[str, Any]:
        """As `ilsweep best --json` prints it."""
        trial = self.trial
        who = {"trial": trial.id, "configuration": trial.config_id, "seed": trial.seed}
        return {"path": str(self.path), **who, "params": trial.params, "says": self.says}


def best(root: Path) -> Best:
    """The best checkpoint of a sweep.

    Raises:
        FolderError: not a sweep's folder, no configuration can be called the best, or it has left
            no checkpoint.
    """
    analysis = analysed(root)
    row = analysis.ranking.best
    if row is None:
        said = analysis.headline or "nothing has a value yet"
        raise FolderError(
            f"{root}: no configuration can be called the best: {said}{_first(analysis)}"
        )
    order = _best_first(analysis, row)
    for trial in order:
        if found := _checkpoint(analysis.sweep, trial):
            return Best(found, trial, analysis.headline)
    folder = analysis.sweep.paths.trial(order[0].id)
    why = checkpoints.why_removed(folder.checkpoints) or f"left no checkpoint in {folder.root}"
    raise FolderError(f"{root}: {row.config_id} {why}")


def _best_first(analysis: Analysis, row: Row) -> list[TrialRecord]:
    """The trials that count for a configuration, by what they ended with."""
    objective = analysis.ranking.objectives[0]
    by_id = {trial.id: trial for trial in analysis.sweep.trials}
    seeds = [by_id[i] for i in row.counted]
    return sorted(seeds, key=lambda trial: objective.sign * trial.last(objective.metric))


def _first(analysis: Analysis) -> str:
    """Where the first of the ranking lies, for whoever wants it all the same."""
    trials = [t for row in analysis.ranking.rows[:1] for t in _best_first(analysis, row)]
    found = next(filter(None, (_checkpoint(analysis.sweep, trial) for trial in trials)), None)
    return f" Its checkpoint is {found}" if found else ""


def _checkpoint(sweep: Sweep, trial: TrialRecord) -> Path | None:
    paths = sweep.paths.trial(trial.id)
    if found := checkpoints.newest(paths.checkpoints):
        return found
    folder = JobPaths(paths).folder
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    command = sweep.spec.get("command")
    resume = command.get("resume") if isinstance(command, dict) else None
    pattern = resume.get("checkpoint") if isinstance(resume, dict) else None
    left = list(folder.glob(pattern)) if isinstance(pattern, str) and pattern else []
    return newest(left) or folder
