"""One trial at work, be it a trainer in this process or somebody else's command."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ilsweep.sweeps.external.worker import ExternalRun
from ilsweep.sweeps.spec.trial_config import TuneConfig
from ilsweep.sweeps.worker.trainer_run import TrainerRun
from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.core.episode import Episode


class TrialRun(Protocol):
    """One trial, from `resume` or `load` to `close`.

    Raises:
        CheckpointError: its checkpoints cannot be written or read.
        Exception: whatever goes wrong with the training; `explain` has words for it.
    """

    @property
    def step(self) -> int:
        """The step that it has come to."""

    @property
    def seconds(self) -> float:
        """Time spent on it, earlier attempts included where they are known."""

    @property
    def finished(self) -> bool:
        """Whether its last report has been given."""

    @property
    def report(self) -> Metrics:
        """The report that it stands at, which may not have been recorded; empty where it was."""

    @property
    def episodes(self) -> list[Episode]:
        """Its evaluation episodes, once it has finished; none where nobody watched them."""

    @property
    def predictions(self) -> str:
        """What its policy predicts, as JSON, once it has finished; empty where not known."""

    @property
    def warnings(self) -> list[str]:
        """What is to be noted in the trial's record, though nothing failed."""

    def resume(self) -> None:
        """Begin, or go on from the newest whole checkpoint."""

    def load(self, path: Path) -> None:
        """Begin with the state that another trial saved."""

    def keep(self) -> None:
        """Write a checkpoint of now into its own folder, from which `resume` goes on."""

    def save(self, path: Path) -> None:
        """Save the state, for another trial to begin with."""

    def train_to_report(self) -> Metrics:
        """Train to the next report; its metrics."""

    def lacks(self) -> str:
        """What is wrong where an objective was never reported and will not be; else empty."""

    def explain(self, error: BaseException) -> str:
        """What went wrong, for the record: without secrets, the last line says enough."""

    def spoiled(self) -> list[str]:
        """What it changed in this process for good."""

    def close(self) -> None:
        """End it, with everything that it started."""


def trial_run(config: TuneConfig) -> TrialRun:
    """The run of a trial, not begun yet."""
    shared, trial = config["shared"], config["trial"]
    return (TrainerRun if shared.command is None else ExternalRun)(shared, trial)
