"""The Tune Trainable that runs trials. One worker runs many, one after the other."""

from __future__ import annotations

import logging
import os
from collections import UserDict
from pathlib import Path
from typing import Any, cast

from ray import tune
from ray.exceptions import RayError

from ilsweep.sweeps.spec.trial_config import TuneConfig
from ilsweep.sweeps.store.checkpoints import CheckpointError
from ilsweep.sweeps.worker.trainer_errors import is_rays_own, story
from ilsweep.sweeps.worker.trial_run import TrialRun, trial_run

WHOLE, KEPT = "state.ckpt", "kept"
_log = logging.getLogger(__name__)


class HostedTrainer(tune.Trainable):
    """Tune's verbs on a `TrialRun`. A trial's error becomes a failed record, not a dead worker."""

    def setup(self, config: dict[str, Any]) -> None:
        """Only note what to do: Tune gives up a worker whose start takes longer than a trial."""
        self._warnings: list[tuple[str, str]] = []
        """Trial and what is to be noted of it, until the next result takes it to the driver."""
        self._spoiled: list[str] = []
        """What this process cannot be rid of."""
        self._assign(config)

    def _assign(self, config: dict[str, Any]) -> None:
        self._config = cast("TuneConfig", config)
        self._run: TrialRun | None = None
        self._error = ""

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        here = os.getcwd()  # Tune has gone to the new trial's folder by now
        self._end()
        os.chdir(here)
        self._assign(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Train to the next report; for a resumed trial, first the report of its checkpoint."""
        metrics: dict[str, float] = {}
        again, unkept = False, ""
        try:
            if not self._error:
                metrics, again = self._report()
        except RayError:
            raise  # the cluster's trouble and not the trial's: Tune starts it again
        except CheckpointError as error:
            unkept = str(error.strerror)
        except BaseException as error:  # noqa: BLE001 - whatever a trainer raises
            self._fail(error)
        run = self._run
        if run and not (self._error or unkept):
            self._error = run.lacks()
        state = "failed" if self._error else "completed" if run and run.finished else "running"
        result = {
            "step": run.step if run else 0,
            "seconds": run.seconds if run else 0.0,
            "state": state,
            "error": self._error,
            "again": again,
            "unkept": unkept,
            tune.result.DONE: state != "running",
            # No dict: Tune would mix what is in one with its own words, name by name.
            "metrics": UserDict(metrics),
            "episodes": list(run.episodes) if run and state == "completed" else [],
            "predictions": [run.predictions] if run and state == "completed" else [],
        }
        if (first := self._config["shared"].objectives[0]) in metrics:
            result["objective"] = metrics[first]
        if state != "running":
            self._end()
        spoiled = [*self._spoiled, *(self._run.spoiled() if self._run else ())]
        return {**result, "spoiled": spoiled, "warnings": self._taken_warnings()}

    def _report(self) -> tuple[dict[str, float], bool]:
        """The metrics of the next report, and whether they may have been recorded before."""
        if self._run is None:
            self._run = trial_run(self._config)
            self._run.resume()
            if self._run.report:  # a checkpoint can be newer than what was recorded
                return self._run.report, True
        return self._run.train_to_report(), False

    def _fail(self, error: BaseException) -> None:
        # After a CUDA error the process is good for nothing: let Tune replace it. A command's own
        # process is gone by then, and what it printed is no error of the worker's.
        own = self._config["shared"].command is None
        if is_rays_own(error) or (own and "CUDA error" in story(error)):
            raise error
        self._error = self._run.explain(error) if self._run else story(error)

    def _taken_warnings(self) -> list[tuple[str, str]]:
        self._note_warnings(self._run)
        taken = [*self._warnings]
        self._warnings.clear()
        return taken

    def _note_warnings(self, run: TrialRun | None) -> None:
        if run:
            self._warnings += [(self._config["trial"].id, text) for text in run.warnings]
            run.warnings.clear()

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """For a copy the state itself; else a note that it is in the trial's own folder, once."""
        assert self._run is not None
        if self._config["shared"].copies:
            self._run.save(Path(checkpoint_dir) / WHOLE)
            return
        self._run.keep()
        (Path(checkpoint_dir) / KEPT).touch()

    def load_checkpoint(self, checkpoint: str | None) -> None:
        if not checkpoint:
            return
        self._end()
        try:
            self._run = trial_run(self._config)
            if (Path(checkpoint) / KEPT).exists():
                self._run.resume()
            else:
                self._run.load(Path(checkpoint) / WHOLE)
        except RayError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a trainer raises
            self._fail(error)

    def cleanup(self) -> None:
        self._end()
        for trial, text in self._taken_warnings():
            _log.warning("%s: %s", trial, text)

    def _end(self) -> None:
        """Let go of the trial."""
        run, self._run = self._run, None
        if run:
            run.close()
            self._spoiled += run.spoiled()
            self._note_warnings(run)
