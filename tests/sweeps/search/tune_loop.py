"""Tune's loop in little: slots, trials in the order of the searcher, a scheduler's decisions."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

Loss = Callable[[str, int, int], float | None]
"""Configuration, seed and step to a value; None where the training fails there."""


@dataclass(eq=False)
class Trial:
    """As far as a scheduler sees one."""

    config_id: str
    seed: int
    status: str = "PENDING"
    step: int = 0
    state: str = "running"
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def trial_id(self) -> str:
        return f"tune-{id(self)}"

    @property
    def config(self) -> dict[str, Any]:
        name = f"{self.config_id}-s{self.seed}"
        return {"trial": SimpleNamespace(id=name, config_id=self.config_id, seed=self.seed)}


class Loop:
    """Trains every configuration with every seed, as the scheduler lets it."""

    def __init__(
        self,
        judge: Any,
        pairs: Iterable[tuple[str, int]],
        loss: Loss,
        *,
        slots: int,
        every: int = 10,
        steps: int = 90,
        seed: int = 0,
    ) -> None:
        self.judge, self.loss, self.slots, self.every, self.steps = judge, loss, slots, every, steps
        self.queue = deque(Trial(config, s) for config, s in pairs)
        self.trials: list[Trial] = []
        self.random = random.Random(seed)
        self.reports = self.pauses = 0

    def get_live_trials(self) -> set[Trial]:
        return {trial for trial in self.trials if trial.status != "TERMINATED"}

    def stop_trial(self, trial: Trial) -> None:
        before, trial.status = trial.status, "TERMINATED"
        trial.state = "stopped" if trial.state == "running" else trial.state
        if before == "RUNNING":
            self.judge.on_trial_complete(self, trial, trial.last)
        else:
            self.judge.on_trial_remove(self, trial)

    def run(self, most: int = 100_000) -> bool:
        """Whether it came to its end within so many reports."""
        while self.reports < most:
            self._fill()
            running = [trial for trial in self.trials if trial.status == "RUNNING"]
            if not running:
                return all(trial.status == "TERMINATED" for trial in self.trials)
            self._report(self.random.choice(running))
        return False

    def _fill(self) -> None:
        while True:
            if self.queue and not any(t.status == "PENDING" for t in self.trials):
                trial = self.queue.popleft()
                self.trials.append(trial)
                self.judge.on_trial_add(self, trial)
            chosen = self.judge.choose_trial_to_run(self)
            busy = sum(trial.status == "RUNNING" for trial in self.trials)
            if chosen is None or busy == self.slots:
                return
            chosen.status = "RUNNING"

    def _report(self, trial: Trial) -> None:
        self.reports += 1
        trial.step += self.every
        value = self.loss(trial.config_id, trial.seed, trial.step)
        done = value is None or trial.step >= self.steps
        trial.state = "failed" if value is None else "completed" if done else "running"
        trial.last = {"step": trial.step, "state": trial.state}
        if value is not None:
            trial.last["objective"] = value
        if done:
            self.stop_trial(trial)
            return
        decision = self.judge.on_trial_result(self, trial, trial.last)
        if decision == "STOP":
            self.stop_trial(trial)
        elif decision == "PAUSE":
            trial.status = "PAUSED"
            self.pauses += 1

    def states(self, *, ended: bool = False) -> dict[str, set[str]]:
        """Configuration to the states of its seeds; with `ended` of those that have ended."""
        found: dict[str, set[str]] = {}
        for trial in self.trials:
            if trial.status == "TERMINATED" or not ended:
                found.setdefault(trial.config_id, set()).add(trial.state)
        return found
