"""One wandb run a trial, written off the path of the sweep: wandb can be slow, gone or broken.

A thread of its own takes start, log and finish from a queue; whatever wandb raises ends wandb's
part, said once, and nothing else. Where the server does not answer, runs are written offline.
Leaving waits at most LEAVE_S.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import reason
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.sweeps.spec.trial_config import TrialConfig

LEAVE_S = 20.0
REACH_S = 15.0
"""For the server to answer; under LEAVE_S, so that a short sweep hears of it too."""


class WandbLog:
    """The wandb runs of a sweep; does nothing where the spec says `disabled`."""

    def __init__(self, spec: SweepSpec, paths: SweepPaths, say: Callable[[str], None]) -> None:
        self._spec, self._paths, self._say = spec, paths, say
        self._mode = spec.wandb.mode
        self._runs: dict[str, Any] = {}
        self.urls: dict[str, str] = {}
        """Trial to the address of its run; empty for offline runs."""
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._broken = spec.wandb.mode == "disabled"

    def start(self, trial: TrialConfig, *, resumed: bool) -> None:
        self._put(lambda: self._start(trial, resumed))

    def log(self, trial_id: str, step: int, metrics: Mapping[str, float]) -> None:
        self._put(lambda: self._runs[trial_id].log(dict(metrics), step=step))

    def finish(self, trial_id: str, *, failed: bool) -> None:
        self._put(lambda: self._runs.pop(trial_id).finish(exit_code=1 if failed else 0))

    def close(self) -> None:
        """Let what is queued be written, for LEAVE_S at most."""
        if self._thread is None:
            return
        self._jobs.put(None)
        self._thread.join(LEAVE_S)
        if self._thread.is_alive():
            self._end("wandb did not finish writing; its runs may lack their last lines")

    def _put(self, job: Callable[[], None]) -> None:
        if self._broken:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="wandb", daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if self._broken:
                continue
            try:
                job()
            except Exception as error:  # noqa: BLE001 - a log is no reason to stop a sweep
                self._end(f"wandb is off for the rest of this sweep: {reason(error)}")
        self._leave()

    def _end(self, line: str) -> None:
        if not self._broken:
            self._broken = True
            self._say(line)

    def _leave(self) -> None:
        """End wandb's own process, which a later sweep in this process starts again."""
        with suppress(Exception):
            import wandb

            wandb.teardown()

    def _start(self, trial: TrialConfig, resumed: bool) -> None:
        os.environ.setdefault("WANDB_SILENT", "true")
        import wandb

        try:
            run = self._init(wandb, trial, resumed)
        except wandb.Error as error:
            if self._mode != "online" or self._runs:
                raise
            self._mode = "offline"
            written = self._paths.trial("*").root / "wandb" / "offline-run-*"
            self._say(
                f"wandb cannot be reached ({reason(error)}); "
                f"runs are written offline, to be uploaded with: wandb sync {written}"
            )
            # Its process keeps the id of the run that it could not begin.
            wandb.teardown()
            run = self._init(wandb, trial, resumed)
        self._runs[trial.id] = run
        if self._mode == "online" and run.url:
            self.urls[trial.id] = run.url

    def _init(self, wandb: Any, trial: TrialConfig, resumed: bool) -> Any:
        spec = self._spec
        return wandb.init(
            mode=self._mode,
            project=spec.wandb.project,
            entity=spec.wandb.entity,
            id=run_id(spec.name, trial.id),
            name=trial.id,
            group=spec.name,
            job_type="train_eval",
            tags=[f"policy:{spec.trainer}"[:64], f"seed:{trial.seed}"],
            config={**trial.params, "seed": trial.seed, "data": trial.data},
            dir=str(self._paths.trial(trial.id).root),
            resume="allow" if resumed and self._mode == "online" else None,
            reinit="create_new",
            settings=wandb.Settings(
                console="off",
                silent=True,
                init_timeout=REACH_S,
                x_disable_stats=True,
                x_disable_meta=True,
                disable_git=True,
                disable_code=True,
                # Reads every installed package anew for each run; manifest.json has the versions.
                x_save_requirements=False,
            ),
        )


def run_id(sweep: str, trial_id: str) -> str:
    """The same for every attempt of a trial, so that a resumed one continues its run."""
    return f"{sweep}-{trial_id}".replace(".", "-")[-64:]
