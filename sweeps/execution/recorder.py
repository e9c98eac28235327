"""Writes what happens to the sweep's folder, as it happens. The only writer of records."""

from __future__ import annotations

import os
import re
from dataclasses import asdict
from typing import Any

import ray
from ray.exceptions import RayTaskError
from ray.tune import Callback

from ilsweep.analysis.records.curves import read_lines
from ilsweep.analysis.records.episodes import write_episodes
from ilsweep.analysis.records.files import append_line, read_json, to_json, write_atomic
from ilsweep.analysis.records.model import State
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import RunAbortedError
from ilsweep.sweeps.execution.wandb_logger import WandbLog
from ilsweep.sweeps.processes.signals import look
from ilsweep.sweeps.processes.watchdog import end_orphans
from ilsweep.sweeps.progress.console import say
from ilsweep.sweeps.progress.tracker import SweepProgress, TrialProgress
from ilsweep.sweeps.security.secrets import hidden
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.spec.trial_config import TrialConfig, TuneConfig
from ilsweep.sweeps.store.sweep_dir import now
from ilsweep.sweeps.worker.trainer_errors import LONGEST
from ilsweep.trainers.core.episode import Episode

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
LOST = "the worker process died (killed, out of memory, crashed in C code, or ended by the trainer)"


class InterruptCheck(Callback):
    """Looks at each of Tune's steps, ten a second and more, whether somebody interrupts.

    Raises:
        KeyboardInterrupt: somebody did.
    """

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        look()


class Recorder(Callback):
    """Tune's callbacks, turned into the files of `analysis.records.model`.

    Raises:
        RunAbortedError: a worker could not keep a checkpoint.
        OSError: a record could not be written.
    """

    def __init__(
        self, plan: Plan, paths: SweepPaths, board: SweepProgress, wandb: WandbLog
    ) -> None:
        self._plan, self._paths, self._board, self._wandb = plan, paths, board, wandb
        self._attempts: dict[str, int] = {}
        self._said: set[str] = set()
        self._changes: dict[str, int] = {}
        self._given_up: dict[str, str] = {}

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Record who it is. Called again when a trial restarts after a crash or a pause."""
        config: TuneConfig = trial.config
        known = config["trial"]
        live = self._board.trials.get(known.id)
        if live is not None and live.state == "running":
            return
        self._attempts[known.id] = config["attempt"]
        # What population-based training made of it stands in its history.
        history = read_json(self._paths.trial(known.id).record).get("history")
        if history:
            known = self._plan.trial(history[0]["searched"], known.seed, known.config_id)
        write_params(self._paths, known)
        recorded = read_lines(self._paths.trial(known.id).metrics)
        last = max((row.get("step", 0) for row in recorded), default=0)
        self._board.trials[known.id] = TrialProgress(
            known.id, "running", step=last, steps=config["trial"].steps
        )
        self._write(known.id, state="running", started=now(), attempt=config["attempt"])
        self._wandb.start(known, resumed=config["attempt"] > 1)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A worker died; Tune starts the trial again and it goes on from its checkpoint."""
        name = trial.config["trial"].id
        if name in self._attempts:  # else it was never begun: its worker died before
            self._attempts[name] += 1
            self._write(name, attempt=self._attempts[name])
        end_orphans()

    def give_up(self, trial: Any, reason: str) -> None:
        """End a trial's worker, whatever it does; the trial has failed for this reason."""
        self._given_up.setdefault(trial.config["trial"].id, reason)
        trial.max_failures = 0  # Tune does not begin it again
        ray.kill(trial.temporary_state.ray_actor)

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        config: TuneConfig = trial.config
        name = config["trial"].id
        live = self._board.trials[name]
        if self._removed(trial, live):
            return
        if result["unkept"]:
            folder = self._paths.trial(name).checkpoints
            raise RunAbortedError(f"{folder}: a checkpoint could not be kept ({result['unkept']})")
        for warned, text in result["warnings"]:
            self._warn(warned, text)
        metrics = result["metrics"]
        if result["again"] and result["step"] <= live.step:
            metrics = {}  # recorded already, before the worker or the driver was killed
        live.step, live.seconds = result["step"], result["seconds"]
        live.reached(result.get("objective"))
        live.error = result["error"]
        self._note_changes(config, live.step)
        self._keep_episodes(name, result["episodes"])
        self._keep_predictions(name, result["predictions"])
        if metrics:
            row = {
                "step": live.step,
                "attempt": self._attempts[name],
                "seconds": round(live.seconds, 3),
                **metrics,
            }
            append_line(self._paths.trial(name).metrics, row)
            self._wandb.log(name, live.step, metrics)
        if result["state"] != "running":
            live.state = result["state"]

    def _keep_predictions(self, trial_id: str, predictions: list[str]) -> None:
        for text in filter(None, predictions):
            write_atomic(self._paths.trial(trial_id).predictions, text)
        predictions.clear()  # as the episodes

    def _keep_episodes(self, trial_id: str, episodes: list[Episode]) -> None:
        if episodes:
            write_episodes(self._paths.trial(trial_id), [vars(episode) for episode in episodes])
            episodes.clear()  # Tune keeps a trial's last result, and writes it down now and then

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        live = self._board.trials.get(trial.config["trial"].id)
        if live is not None:
            self._finish(live, "stopped" if live.state == "running" else live.state)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The worker itself was lost, and so often that Tune gave the trial up; or we did."""
        known: TrialConfig = trial.config["trial"]
        live = self._board.trials.setdefault(known.id, TrialProgress(known.id, "running"))
        if not self._paths.trial(live.id).params.exists():  # it was never begun
            write_params(self._paths, trial.config["trial"])
        live.error = self._given_up.get(live.id) or live.error or _why_lost(trial)
        self._finish(live, "failed")
        end_orphans()

    def _removed(self, trial: Any, live: TrialProgress) -> bool:
        """Whether somebody removed a running trial's folder: that trial alone is lost."""
        paths = self._paths.trial(live.id)
        if paths.params.exists() or not self._paths.root.is_dir():
            return False
        live.state, live.error = "failed", "its folder was removed while it trained"
        say(f"{paths.root}: was removed while the trial trained; it has failed")
        write_params(self._paths, trial.config["trial"])
        self.give_up(trial, live.error)
        return True

    def _finish(self, live: TrialProgress, state: State) -> None:
        live.state = state
        self._write(
            live.id,
            state=state,
            ended=now(),
            seconds=round(live.seconds, 3),
            step=live.step,
            error=live.error,
            **({"url": url} if (url := self._wandb.urls.get(live.id)) else {}),
        )
        self._wandb.finish(live.id, failed=state == "failed")

    def _warn(self, trial_id: str, text: str) -> None:
        """Note something in a trial's record; it is said when it is heard for the first time."""
        known = read_json(self._paths.trial(trial_id).record).get("warnings") or []
        if text not in known:
            self._write(trial_id, warnings=[*known, text])
        if text not in self._said:
            self._said.add(text)
            say(f"{trial_id}: {text}")

    def _write(self, trial_id: str, **changes: Any) -> None:
        path = self._paths.trial(trial_id).record
        record = {"id": trial_id, **read_json(path), **changes}
        write_atomic(path, to_json(record))

    def _note_changes(self, config: TuneConfig, step: int) -> None:
        """Population-based training changes a trial's parameters; its record keeps when."""
        name, changes = config["trial"].id, config.get("changes", 0)
        if changes == self._changes.get(name, 0):
            return
        self._changes[name] = changes
        paths = self._paths.trial(name)
        record = read_json(paths.record)
        history = record.get("history") or [
            {"step": 0, "searched": read_json(paths.params).get("searched")}
        ]
        searched = config["trial"].searched
        history.append({"step": step, "from": config["copied_from"], "searched": searched})
        self._write(name, history=history)


def _why_lost(trial: Any) -> str:
    """Why Tune gave a trial up: what its code raised, or that the process was gone."""
    try:
        error = trial.get_pickled_error()
    except Exception:  # noqa: BLE001 - of a type that only the worker knows
        error = None
    if isinstance(error, RayTaskError):
        return hidden(COLOURS.sub("", str(error)), os.environ)[-LONGEST:]
    return LOST


def write_params(paths: SweepPaths, trial: TrialConfig) -> None:
    """Record what a trial trains: `params.json`."""
    write_atomic(paths.trial(trial.id).params, to_json(asdict(trial)))
