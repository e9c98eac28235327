"""A sweep without Ray and without training: its folder, its study, and a kill at any moment.

The driver does what Tune does, in Tune's order: it asks one trial ahead, the searcher hears of a
result before it is recorded, and what is on disk after any of these steps is what a kill leaves.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.files import append_line, read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.execution.recorder import write_params
from ilsweep.sweeps.execution.searcher import StudySearcher
from ilsweep.sweeps.search.feasibility import constraint
from ilsweep.sweeps.search.race import further
from ilsweep.sweeps.search.study import Study
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store import sweep_dir

METRIC = "eval/loss"
Loss = Callable[[Mapping[str, Any], int], float]


class Killed(Exception):  # noqa: N818 - as a signal is
    """The driver is gone."""


def bowl(searched: Mapping[str, Any], seed: int) -> float:
    """A loss with its least value inside the space; NaN, a failed trial, at one side of it."""
    loss = 0.01 * seed
    for value in searched.values():
        number = float(value) if isinstance(value, int | float) else len(str(value))
        loss += (math.log10(abs(number) + 1e-9) + 1.5) ** 2
    return loss


class Simulated:
    """One sweep in one folder, with `slots` trials at once."""

    def __init__(self, root: Path, plan: Plan, loss: Loss = bowl, slots: int = 1) -> None:
        self.paths, self.plan, self.loss, self.slots = SweepPaths(root), plan, loss, slots
        self.tick = 0
        self.paths.trials.mkdir(parents=True, exist_ok=True)

    def _write(self, left: float, write: Callable[[], Any]) -> None:
        if self.tick >= left:
            raise Killed
        self.tick += 1
        write()

    def run(self, killed_after: float = math.inf) -> bool:
        """Go on, up to so many writes; whether the sweep came to its end."""
        self.tick = 0
        try:
            self._run(killed_after)
        except Killed:
            return False
        return True

    def _run(self, left: float) -> None:
        trials = sweep_dir.own_trials(self.paths)
        health = constraint(self.plan, self.paths)
        log, optuna = self.paths.search, self.paths.optuna
        self.study = study = Study(self.plan, optuna, log, trials, health)
        raced = self.plan.spec.race is not None
        more = partial(further, self.plan, self.paths, study.configurations) if raced else None
        count = self.plan.configurations
        searcher = StudySearcher(study, study.unfinished(trials), count, more)
        running: deque[tuple[str, dict[str, Any]]] = deque()
        ahead: deque[tuple[str, dict[str, Any]]] = deque()
        count, over = 0, False
        while True:
            while not over and len(running) + len(ahead) <= self.slots:
                name = f"tune-{count}"
                config = searcher.suggest(name)
                if self.tick >= left:
                    raise Killed
                self.tick += 1
                count += 1
                over = config == StudySearcher.FINISHED
                if not isinstance(config, dict):
                    break
                ahead.append((name, config))
            while ahead and len(running) < self.slots:
                name, config = ahead.popleft()
                self._start(left, config)
                running.append((name, config))
            if not running:
                searcher.tell_ended()
                return
            self._finish(left, searcher, *running.popleft())

    def _start(self, left: float, config: dict[str, Any]) -> None:
        paths = self.paths.trial(config["trial"].id)
        self._write(left, lambda: paths.root.mkdir(parents=True, exist_ok=True))
        self._write(left, lambda: write_params(self.paths, config["trial"]))
        self._record(left, config, state="running", attempt=config["attempt"])

    def _record(self, left: float, config: dict[str, Any], **changes: Any) -> None:
        path = self.paths.trial(config["trial"].id).record
        old = read_json(path)
        self._write(left, lambda: write_atomic(path, to_json({**old, **changes})))

    def _finish(
        self, left: float, searcher: StudySearcher, name: str, config: dict[str, Any]
    ) -> None:
        metrics = self.paths.trial(config["trial"].id).metrics
        final = self.loss(config["searched"], config["trial"].seed)
        for step, value in ((20, final + 1), (40, final)):
            state = "running" if step == 20 else "failed" if math.isnan(final) else "completed"
            said = {} if math.isnan(value) else {METRIC: value}
            result = {"step": step, "state": state, "metrics": said}
            if said:
                result["objective"] = value
            row = {"step": step, "attempt": config["attempt"], **said}
            if state == "running":
                searcher.on_trial_result(name, result)
            else:
                searcher.on_trial_complete(name, result)
            self._write(left, partial(append_line, metrics, row))
        ended = sweep_dir.now()
        self._record(left, config, state=state, ended=ended, step=40)

    def points(self) -> dict[str, Any]:
        """What was trained, by its label."""
        trials = sweep_dir.own_trials(self.paths)
        return {trial.id: (trial.searched, trial.state, trial.last(METRIC)) for trial in trials}
