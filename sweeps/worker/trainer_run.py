"""A trial of one of our trainers: its training loop in this process, and what it changes here."""

from __future__ import annotations

from pathlib import Path

from ilsweep.sweeps.processes.watchdog import ChildProcesses, guard_worker
from ilsweep.sweeps.spec.trial_config import SharedConfig, TrialConfig
from ilsweep.sweeps.worker.checkpoint_server import store_of
from ilsweep.sweeps.worker.device import take_device
from ilsweep.sweeps.worker.process_state import ProcessState
from ilsweep.sweeps.worker.trainer_errors import is_rays_own, story, what_it_did
from ilsweep.sweeps.worker.training_loop import TrainingLoop
from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.core.episode import Episode
from ilsweep.trainers.core.registry import load


class TrainerRun:
    """A `TrialRun` whose training loop runs here. The process is put back when it closes."""

    def __init__(self, shared: SharedConfig, trial: TrialConfig) -> None:
        self._shared, self._trial = shared, trial
        self._loop: TrainingLoop | None = None
        self._process: ProcessState | None = None
        self._children: ChildProcesses | None = None
        self._spoiled: list[str] = []
        self._warnings: list[str] = []

    @property
    def step(self) -> int:
        return self._loop.step if self._loop else 0

    @property
    def seconds(self) -> float:
        return self._loop.seconds if self._loop else 0.0

    @property
    def finished(self) -> bool:
        return bool(self._loop and self._loop.finished)

    @property
    def report(self) -> Metrics:
        return self._loop.report if self._loop else {}

    @property
    def episodes(self) -> list[Episode]:
        return self._loop.episodes if self._loop else []

    @property
    def predictions(self) -> str:
        return self._loop.predictions if self._loop else ""

    @property
    def warnings(self) -> list[str]:
        return self._loop.warnings if self._loop else self._warnings

    def resume(self) -> None:
        self._open().resume()

    def load(self, path: Path) -> None:
        self._open().load(path)

    def _open(self) -> TrainingLoop:
        shared, trial = self._shared, self._trial
        if shared.server:
            guard_worker()
        # What its module changes when it is imported, which happens once, holds for all its trials.
        load(shared.trainer)
        self._process = ProcessState()
        self._children = ChildProcesses(str(shared.paths(trial.id).root))
        self._loop = TrainingLoop(
            shared.trainer,
            trial,
            store_of(shared, trial.id),
            threads=shared.threads,
            device=take_device(shared.gpus),
        )
        return self._loop

    def keep(self) -> None:
        assert self._loop is not None
        self._loop.keep()

    def save(self, path: Path) -> None:
        assert self._loop is not None
        self._loop.save(path)

    def train_to_report(self) -> Metrics:
        assert self._loop is not None
        return self._loop.train_to_report()

    def lacks(self) -> str:
        return self._loop.lacks(self._shared.objectives) if self._loop else ""

    def explain(self, error: BaseException) -> str:
        return story(error)

    def spoiled(self) -> list[str]:
        return [*self._spoiled, *(self._process.spoiled() if self._process else ())]

    def close(self) -> None:
        """Let go of the trainer, end what it started, put the process back to how it was."""
        try:
            if self._loop:
                self._loop.close()
        except BaseException as error:
            if is_rays_own(error):
                raise
            self.warnings.append(f"close() {what_it_did(error)}")
        if self._children:
            self._children.end()
            self._children = None
        if self._process:
            self._spoiled += self._process.restore()
            self._process = None
