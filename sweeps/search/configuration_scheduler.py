"""Early stopping of configurations: a rule of Ray Tune's that sees the mean over the seeds.

Judged one by one, the seeds that a rule lets finish are the lucky ones, and their mean flatters the
configuration. So a rule hears of a configuration at the steps that all of its seeds have reported,
by their mean, and all of them are stopped or none. A seed that comes to a milestone (a rung) before
the others waits there: it is paused, its slot goes to the next seed, and it goes on when the
configuration passes. What cannot be paused trains on meanwhile.

Nothing waits for ever: a paused trial holds no slot, seeds that failed are not waited for, and
where nothing else runs a paused trial goes on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from types import SimpleNamespace
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from ilsweep.analysis.records.model import TrialRecord

NOBODY = SimpleNamespace(get_live_trials=list)
"""The controller that rules see: without live trials, for which median stopping would pause."""


@dataclass(eq=False)
class Configuration:
    """A configuration as its rule knows it: one trial, the same in every session."""

    trial_id: str
    seeds: frozenset[int]
    curves: dict[int, dict[int, float]] = field(default_factory=dict)
    """Seed to step (or number of the report) to the objective."""
    shown: dict[int, int] = field(default_factory=dict)
    """Seed to the last step of the objective."""
    lost: set[int] = field(default_factory=set)
    """Seeds that failed: they are not waited for, and what they reported does not count."""
    ended: set[int] = field(default_factory=set)
    told: float = -math.inf
    """Last step that the rule was told of."""
    mean: float = math.nan
    """The mean over the seeds there."""
    stop: bool = False

    def common(self) -> list[tuple[int, float]]:
        """Steps that every seed has reported and the rule was not told of, with the mean there."""
        counted = self.seeds - self.lost
        if not counted:
            return []
        curves = [self.curves.get(seed, {}) for seed in counted]
        steps = sorted(set.intersection(*map(set, curves)))
        return [(s, fmean(curve[s] for curve in curves)) for s in steps if s > self.told]

    def reached(self, seed: int) -> float:
        """The last step that a seed reported."""
        return max(self.curves.get(seed, {}), default=-math.inf)


class InOrder(FIFOScheduler):
    """Tune's looks at all trials, twice at each report; this at those that have not ended."""

    def __init__(self) -> None:
        super().__init__()
        self._came: dict[str, int] = {}

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        self._came[trial.trial_id] = len(self._came)

    def choose_trial_to_run(self, tune_controller: Any) -> Any:
        trials = self.unfinished(tune_controller)
        wait = [t for status in (Trial.PENDING, Trial.PAUSED) for t in trials if t.status == status]
        return wait[0] if wait else None

    def unfinished(self, tune_controller: Any) -> list[Any]:
        """Trials that have not ended, in the order in which they came."""
        return sorted(tune_controller.get_live_trials(), key=lambda t: self._came[t.trial_id])


class ConfigurationScheduler(InOrder):
    """A rule of Tune's on configurations, by what all sessions of a sweep saw of them.

    Tune gives a trial another identity in each session, and a trial that goes on from a checkpoint
    reports again what was seen before.

    Args:
        seeds: Of every configuration; those that a race adds train to the end.
        milestones: Steps at which a seed waits for the others.
        pauses: Whether trials can be paused: their workers can save and load their state.
        by_reports: Values of the objective are counted, whatever steps they are of.
    """

    def __init__(
        self,
        rule: TrialScheduler,
        seeds: Iterable[int],
        milestones: Sequence[float],
        *,
        pauses: bool,
        by_reports: bool = False,
    ) -> None:
        super().__init__()
        self._rule, self._metric = rule, rule.metric
        self._seeds, self._milestones, self._pauses = frozenset(seeds), milestones, pauses
        self._by_reports = by_reports
        self._known: dict[str, Configuration] = {}

    def set_search_properties(self, metric: str | None, mode: str | None, **spec: Any) -> bool:
        return bool(self._rule.set_search_properties(metric, mode, **spec))

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        super().on_trial_add(tune_controller, trial)
        self._configuration(_of(trial).config_id)

    def _configuration(self, name: str) -> Configuration:
        if name not in self._known:
            self._known[name] = Configuration(name, self._seeds)
            self._rule.on_trial_add(NOBODY, self._known[name])
        return self._known[name]

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        known, seed = self._known[_of(trial).config_id], _of(trial).seed
        self._show(known, seed, result)
        self._tell(known)
        if known.stop and seed in self._seeds:  # not those that a race has added since
            return str(TrialScheduler.STOP)
        waits = self._pauses and self._waits(known, seed)
        return str(TrialScheduler.PAUSE if waits else TrialScheduler.CONTINUE)

    def _show(self, known: Configuration, seed: int, result: dict[str, Any]) -> None:
        if self._metric in result and result["step"] > known.shown.get(seed, -1):
            self._enter(known, seed, result["step"], float(result[self._metric]))

    def _enter(self, known: Configuration, seed: int, step: int, value: float) -> None:
        curve = known.curves.setdefault(seed, {})
        curve[len(curve) + 1 if self._by_reports else step] = value
        known.shown[seed] = step

    def _tell(self, known: Configuration) -> None:
        """Tell the rule of the steps that all seeds have reported by now."""
        for step, mean in known.common():
            if known.stop:
                return
            self._ask_rule(known, step, mean)

    def _ask_rule(self, known: Configuration, step: float, mean: float) -> None:
        known.told, known.mean = step, mean
        told = self._rule.on_trial_result(NOBODY, known, {"step": step, self._metric: mean})
        known.stop = told == TrialScheduler.STOP

    def _tell_again(self, known: Configuration) -> None:
        """Tell the rule of the steps of earlier sessions: what went on then is not stopped now.

        Their order is not that of then, and other verdicts come of it; only the last one counts,
        and none where a seed that would have waited for it has gone on.
        """
        for step, mean in known.common():
            self._ask_rule(known, step, mean)
            # The median rule refuses to hear more of what it stopped.
            vars(self._rule).get("_stopped_trials", set()).discard(known)
        if self._pauses and any(known.reached(seed) > known.told for seed in known.seeds):
            known.stop = False

    def _waits(self, known: Configuration, seed: int) -> bool:
        """Whether a seed has come to a milestone that others have still to come to."""
        reached = known.reached(seed)
        slowest = min(map(known.reached, known.seeds - known.lost - known.ended), default=math.inf)
        return any(slowest < milestone <= reached for milestone in self._milestones)

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        known, seed = self._known[_of(trial).config_id], _of(trial).seed
        if result.get("state") == "failed":
            known.lost.add(seed)
        else:
            self._show(known, seed, result)
        self._ends(known, seed)

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        """Its worker was lost so often that it was given up."""
        known, seed = self._known[_of(trial).config_id], _of(trial).seed
        known.lost.add(seed)
        self._ends(known, seed)

    def _ends(self, known: Configuration, seed: int) -> None:
        """A seed has ended; the rule is told of the end of the last one."""
        self._tell(known)
        whole = known.ended >= known.seeds
        known.ended.add(seed)
        if not whole and known.ended >= known.seeds and known.told > -math.inf:
            last = {"step": known.told, self._metric: known.mean}
            self._rule.on_trial_complete(NOBODY, known, last)

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        """It was stopped while it waited."""
        self._ends(self._known[_of(trial).config_id], _of(trial).seed)

    def choose_trial_to_run(self, tune_controller: Any) -> Any:
        """Seeds that waited and may go on, then new ones; a stopped configuration's are ended."""
        trials = self.unfinished(tune_controller)
        paused = [trial for trial in trials if trial.status == Trial.PAUSED]
        waiting = []
        for trial in paused:
            known, seed = self._known[_of(trial).config_id], _of(trial).seed
            if known.stop:
                tune_controller.stop_trial(trial)
            elif self._waits(known, seed):
                waiting.append(trial)
            else:
                return trial
        for trial in trials:
            if trial.status == Trial.PENDING:
                return trial
        running = any(trial.status == Trial.RUNNING for trial in trials)
        return waiting[0] if waiting and not running else None

    def replay(self, trials: list[TrialRecord], metric: str) -> None:
        """Show the trials of earlier sessions, configurations in the order in which they ended."""
        groups: dict[str, list[TrialRecord]] = {}
        for trial in sorted(trials, key=lambda t: (not t.finished, t.ended, t.id)):
            if trial.state != "pending" and trial.seed in self._seeds:
                groups.setdefault(trial.config_id, []).append(trial)

        def end(name: str) -> tuple[bool, str, str]:
            return max((not t.finished, t.ended, name) for t in groups[name])

        for name in sorted(groups, key=end):
            self._replay(self._configuration(name), groups[name], metric)

    def _replay(self, known: Configuration, group: list[TrialRecord], metric: str) -> None:
        for trial in group:
            assert trial.seed is not None
            curve = trial.curve(metric)
            for step, value in zip(curve.steps.tolist(), curve.values.tolist(), strict=True):
                self._enter(known, trial.seed, step, value)
            if trial.state == "failed":
                known.lost.add(trial.seed)
        self._tell_again(known)
        known.stop |= any(trial.state == "stopped" for trial in group)
        for trial in group:
            if trial.finished:
                self._ends(known, trial.seed or 0)

    def debug_string(self) -> str:
        return str(self._rule.debug_string())


def _of(trial: Any) -> Any:
    """The `TrialConfig` of a trial of Tune's."""
    return trial.config["trial"]
