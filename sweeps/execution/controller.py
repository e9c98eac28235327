"""Tune's controller with two of its faults mended, shown to the watch on its progress.

A worker can die while no trial has it: between two trials, in which Tune keeps it for the next.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial

from ilsweep.sweeps.execution.progress_watch import ProgressWatch


class Controller(TuneController):
    """Tune's loop, which tells the progress watch of itself."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for callback in options["callbacks"]:
            if isinstance(callback, ProgressWatch):
                callback.controller = self

    def checkpoint(self, force: bool = False, wait: bool = False) -> None:
        """Nothing: Tune's own state is never restored, and would be written at the very end."""

    def _maybe_cache_trial_actor(self, trial: Any) -> bool:
        # A worker that its trial has changed for good is not kept for the next.
        sound = not trial.last_result.get("spoiled")
        return sound and bool(super()._maybe_cache_trial_actor(trial))

    def _actor_failed(self, tracked_actor: Any, exception: Exception) -> None:
        # Tune takes the trial for one that is being handed over, and asks for no worker any more.
        self._resetting_trials.discard(self._actor_to_trial[tracked_actor])
        super()._actor_failed(tracked_actor, exception)

    def _trial_task_failure(self, trial: Any, exception: Exception) -> None:
        # Tune tells of a worker's death twice, for the worker and for its task; by the second time
        # a trial that was only to begin there waits for another, and would be given up.
        if trial.status != Trial.PENDING:
            super()._trial_task_failure(trial, exception)


@contextmanager
def mended() -> Iterator[None]:
    """`tune.run` uses this controller in here, and reads no state of its own at its end."""
    module: Any = importlib.import_module("ray.tune.tune")
    analysis = module.ExperimentAnalysis  # it raises where no state was written
    module.TuneController, module.ExperimentAnalysis = Controller, _nothing
    try:
        yield
    finally:
        module.TuneController, module.ExperimentAnalysis = TuneController, analysis


def _nothing(**_: Any) -> None:
    """What `tune.run` returns in place of its analysis, which is not used."""
