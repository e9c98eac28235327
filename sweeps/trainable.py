"""The Tune Trainable that hosts a trainer. One worker runs many trials, one after the other."""

from __future__ import annotations

import traceback
from collections import UserDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray import tune
from ray.exceptions import RayError

from analysis.records import SweepPaths
from sweeps import depot
from sweeps.checkpoints import NotKept
from sweeps.guard import Children, guard_worker
from sweeps.hosting import Hosting, assignment
from sweeps.metrics import UnusableMetrics

if TYPE_CHECKING:
    from sweeps.commands.hosting import CommandHosting

WHOLE = "state.ckpt"


class HostedTrainer(tune.Trainable):
    """Tune's verbs on `Hosting`. A trainer's error becomes a failed record, not a dead worker."""

    def setup(self, config: dict[str, Any]) -> None:
        """Only note what to do: Tune gives up a worker whose start takes longer than a trial."""
        self._config = config
        self._hosting: Hosting | CommandHosting | None = None
        self._children: Children | None = None
        self._error = ""

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._end()
        self.setup(new_config)
        return True

    def _begin(self) -> Hosting | CommandHosting:
        if self._config["shared"]["command"]:
            from sweeps.commands.assignment import command_hosting

            self._hosting = command = command_hosting(self._config)
            command.resume()
            return command
        hosting = self._host()
        hosting.resume()
        return hosting

    def _host(self) -> Hosting:
        if self._config["shared"]["depot"]:
            guard_worker()
        trial = SweepPaths(Path(self._config["shared"]["root"])).trial(self._config["id"])
        self._children = Children(str(trial.root))
        return Hosting(assignment(self._config), shelf=depot.shelf(self._config))

    def step(self) -> dict[str, Any]:
        """Train to the next report; for a resumed trial, first the report of its checkpoint."""
        metrics: dict[str, float] = {}
        again = False
        unkept = ""
        try:
            if self._hosting is None:
                self._hosting = self._begin()
                # A checkpoint can be newer than what was recorded: its report is given again.
                metrics = self._hosting.report
                again = bool(metrics)
            if not metrics:
                metrics = self._hosting.train_to_report()
        except RayError:
            raise  # the cluster's trouble and not the trial's: Tune starts it again
        except NotKept as error:
            metrics, unkept = {}, str(error.strerror)
        except Exception as error:
            self._fail(error)
            metrics = {}
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
        return result

    def _fail(self, error: Exception) -> None:
        if isinstance(error, UnusableMetrics) or self._config["shared"]["command"]:
            self._error = str(error)  # its own words; where we stood says nothing
            return
        # After a CUDA error the process is good for nothing: let Tune replace it.
        if "CUDA error" in str(error):
            raise error
        self._error = "".join(traceback.format_exception(error))[-4000:]

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        assert isinstance(self._hosting, Hosting)  # a command's checkpoints are its own
        self._hosting.save(Path(checkpoint_dir) / WHOLE)

    def load_checkpoint(self, checkpoint: str | None) -> None:
        if checkpoint:
            self._hosting = self._host()
            self._hosting.load(Path(checkpoint) / WHOLE)

    def cleanup(self) -> None:
        self._end()

    def _end(self) -> None:
        if self._hosting:
            self._hosting.close()
            self._hosting = None
        if self._children:
            self._children.end()
            self._children = None
