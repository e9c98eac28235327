"""Ray Tune's view of a search: trials handed out one by one, and what became of each."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any

from ray.tune.search import Searcher

from ilsweep.sweeps.progress.console import say
from ilsweep.sweeps.search.study import Study
from ilsweep.sweeps.search.trials import Attempt, Configuration
from ilsweep.sweeps.spec.trial_config import TrialConfig


class StudySearcher(Searcher):
    """Hands out the study's trials, and tells it of each configuration that ended.

    Args:
        first: Trials of earlier sessions that have not ended.
        further: Where seeds are raced, the trials that follow from all that have ended.
    """

    def __init__(
        self,
        study: Study,
        first: list[Attempt],
        configurations: int,
        further: Callable[[], list[Attempt]] | None = None,
    ) -> None:
        objective = study.plan.spec.objectives[0]
        super().__init__(metric="objective", mode=objective.mode)
        self._study = study
        self._queue = deque(first)
        self._configurations = configurations
        self._further = further
        self._running: dict[str, TrialConfig] = {}
        self._ended: deque[Configuration] = deque()

    def tell_ended(self) -> None:
        """Tell the study of the configurations that ended, whose records are written by now."""
        while self._ended:
            self._study.tell(self._ended.popleft())

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        self.tell_ended()
        if not self._queue and self._study.asked < self._configurations:
            self._queue.extend(self._study.ask())
            if not self._queue:
                count = self._study.asked
                say(f"no further point of the space was found: {count} configurations are all")
                self._configurations = count
        if not self._queue and self._further:
            if self._running:
                return None  # what is decided next waits for it
            self._queue.extend(self._further())
        if not self._queue:
            return str(Searcher.FINISHED)
        attempt = self._queue.popleft()
        self._running[trial_id] = trial = attempt.trial
        # The keys of `TuneConfig` that are this trial's own.
        return {"trial": trial, "attempt": attempt.number, "searched": dict(trial.searched)}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        trial = self._running[trial_id]
        known = self._study.configurations[trial.config_id]
        if "objective" in result:
            known.curves.setdefault(trial.seed, {})[result["step"]] = result["objective"]
        finals = known.finals.setdefault(trial.seed, [float("nan")] * len(self._study.metrics))
        for i, name in enumerate(self._study.metrics):
            value = result["metrics"].get(name, math.nan)
            finals[i] = value if math.isfinite(value) else finals[i]

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        trial = self._running.get(trial_id)
        if trial is None:
            return
        known = self._study.configurations[trial.config_id]
        if result and "metrics" in result:
            self.on_trial_result(trial_id, result)
        state = (result or {}).get("state", "running")
        if error or state == "failed":
            known.states[trial.seed] = "failed"
        else:
            known.states[trial.seed] = "completed" if state == "completed" else "stopped"
        del self._running[trial_id]
        if known.finished and not known.told_with:
            self._ended.append(known)

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: the sweep's folder holds it all."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore: `Study` is made from the records."""
