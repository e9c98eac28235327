"""The Tune Trainable that hosts a trainer. One worker runs many trials, one after the other."""

from __future__ import annotations

import logging
import os
from collections import UserDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray import tune
from ray.exceptions import RayError

from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.processes.watchdog import Children, guard_worker
from ilsweep.sweeps.security.secrets import hidden
from ilsweep.sweeps.store.checkpoints import NotKept
from ilsweep.sweeps.worker import checkpoint_server
from ilsweep.sweeps.worker.process_state import ProcessState
from ilsweep.sweeps.worker.trainer_errors import is_rays_own, story, what_it_did
from ilsweep.sweeps.worker.training_loop import Hosting, assignment
from ilsweep.trainers.core.registry import load

if TYPE_CHECKING:
    from ilsweep.sweeps.external.worker import CommandHosting

WHOLE = "state.ckpt"
_log = logging.getLogger(__name__)


class HostedTrainer(tune.Trainable):
    """Tune's verbs on `Hosting`. A trainer's error becomes a failed record, not a dead worker."""

    def setup(self, config: dict[str, Any]) -> None:
        """Only note what to do: Tune gives up a worker whose start takes longer than a trial."""
        self._warnings: list[tuple[str, str]] = []
        """Trial and what is to be noted of it, until the next result takes it to the driver."""
        self._spoiled: list[str] = []
        """What this process cannot be rid of."""
        self._assign(config)

    def _assign(self, config: dict[str, Any]) -> None:
        self._config = config
        self._hosting: Hosting | CommandHosting | None = None
        self._children: Children | None = None
        self._process: ProcessState | None = None
        self._error = ""

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        here = os.getcwd()  # Tune has gone to the new trial's folder by now
        self._end()
        os.chdir(here)
        self._assign(new_config)
        return True

    def _begin(self) -> Hosting | CommandHosting:
        if self._config["shared"]["command"]:
            from ilsweep.sweeps.external.assignment import command_hosting

            self._hosting = command = command_hosting(self._config)
            command.resume()
            return command
        hosting = self._host()
        hosting.resume()
        return hosting

    def _host(self) -> Hosting:
        if self._config["shared"]["depot"]:
            guard_worker()
        # What its module changes when it is imported, which happens once, holds for all its trials.
        load(self._config["shared"]["trainer"])
        self._process = ProcessState()
        trial = SweepPaths(Path(self._config["shared"]["root"])).trial(self._config["id"])
        self._children = Children(str(trial.root))
        return Hosting(assignment(self._config), shelf=checkpoint_server.shelf(self._config))

    def step(self) -> dict[str, Any]:
        """Train to the next report; for a resumed trial, first the report of its checkpoint."""
        metrics: dict[str, float] = {}
        again, unkept = False, ""
        try:
            if not self._error:
                metrics, again = self._report()
        except RayError:
            raise  # the cluster's trouble and not the trial's: Tune starts it again
        except NotKept as error:
            unkept = str(error.strerror)
        except BaseException as error:
            self._fail(error)
        hosting = self._hosting
        if isinstance(hosting, Hosting) and not (self._error or unkept):
            self._error = hosting.lacks(self._config["shared"]["objectives"])
        finished = bool(hosting and hosting.finished)
        state = "failed" if self._error else "completed" if finished else "running"
        result = {
            "step": hosting.step if hosting else 0,
            "seconds": hosting.seconds if hosting else 0.0,
            "state": state,
            "error": self._error,
            "again": again,
            "unkept": unkept,
            tune.result.DONE: state != "running",
            # No dict: Tune would mix what is in one with its own words, name by name.
            "metrics": UserDict(metrics),
        }
        if (first := self._config["shared"]["objectives"][0]) in metrics:
            result["objective"] = metrics[first]
        if state != "running":
            self._end()
        spoiled = [*self._spoiled, *(self._process.spoiled() if self._process else ())]
        return {**result, "spoiled": spoiled, "warnings": self._taken_warnings()}

    def _report(self) -> tuple[dict[str, float], bool]:
        """The metrics of the next report, and whether they may have been recorded before."""
        if self._hosting is None:
            self._hosting = self._begin()
            if self._hosting.report:  # a checkpoint can be newer than what was recorded
                return self._hosting.report, True
        return self._hosting.train_to_report(), False

    def _fail(self, error: BaseException) -> None:
        # After a CUDA error the process is good for nothing: let Tune replace it.
        if is_rays_own(error) or "CUDA error" in story(error):
            raise error
        # A command has words of its own; where we stood says nothing.
        command = self._config["shared"]["command"]
        self._error = hidden(str(error), os.environ) if command else story(error)

    def _taken_warnings(self) -> list[tuple[str, str]]:
        name = self._config["id"]
        own = self._hosting.warnings if self._hosting else []
        taken = [*self._warnings, *((name, text) for text in own)]
        self._warnings.clear()
        own.clear()
        return taken

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        assert isinstance(self._hosting, Hosting)  # a command's checkpoints are its own
        self._hosting.save(Path(checkpoint_dir) / WHOLE)

    def load_checkpoint(self, checkpoint: str | None) -> None:
        if not checkpoint:
            return
        self._end()
        try:
            self._hosting = hosting = self._host()
            hosting.load(Path(checkpoint) / WHOLE)
        except RayError:
            raise
        except BaseException as error:
            self._fail(error)

    def cleanup(self) -> None:
        self._end()
        for trial, text in self._taken_warnings():
            _log.warning("%s: %s", trial, text)

    def _end(self) -> None:
        """Let go of the trial, and put the process back to how it was before."""
        hosting, self._hosting = self._hosting, None
        try:
            if hosting:
                self._warnings += [(self._config["id"], text) for text in hosting.warnings]
                hosting.close()
        except BaseException as error:
            if is_rays_own(error):
                raise
            self._warnings.append((self._config["id"], f"close() {what_it_did(error)}"))
        if self._children:
            self._children.end()
            self._children = None
        if self._process:
            self._spoiled += self._process.restore()
            self._process = None
