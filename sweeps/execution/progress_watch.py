"""A watchdog on a sweep's progress: what it waits for is said, and what Ray forgot is done anew.

Looks on from Tune's own loop, in the main thread. A trial that trains is left alone however long it
takes, but for its spec's `limits`: its worker lives and has a task. What is replaced is a worker
that is stopped, gone, without the task that the driver waits for, or that does not come up. Where
that does not help, or no worker is even asked for, the session is given up (`StalledError`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import ray
from ray.tune import Callback
from ray.tune.experiment import Trial

from ilsweep.sweeps.errors import StalledError
from ilsweep.sweeps.execution.placement import missing
from ilsweep.sweeps.execution.pulse import Pulse
from ilsweep.sweeps.execution.recorder import Recorder
from ilsweep.sweeps.processes.watchdog import end_orphans
from ilsweep.sweeps.progress.console import say
from ilsweep.sweeps.progress.tracker import duration
from ilsweep.sweeps.ray_runtime import worker_state
from ilsweep.sweeps.spec.plan import Plan

HEARS_S = 5.0
"""Within this time Ray hears that a worker has ended, unless a process that the worker forked holds
its connection open."""


@dataclass(frozen=True)
class Patience:
    """Seconds for which nothing may move. The sweep's own pace lengthens them, nothing shortens."""

    look_s: float = 1.0
    """Between two looks. What happens meanwhile to this process, such as the machine's sleep,
    counts as two at most."""
    say_s: float = 60.0
    """A start of a worker, or a wait for a place, is spoken of."""
    report_s: float = 600.0
    """A training without a report is spoken of."""
    still_s: float = 600.0
    """A loop of Tune's that stands still is spoken of; after twice as long Ray is ended."""
    repair_s: float = 300.0
    """What Ray owes is done anew."""
    slower: float = 10.0
    """So many times the slowest so far is still nothing to speak of."""
    repairs: int = 3
    """Workers that are replaced one after the other, nothing else moving, before the session is
    given up."""


@dataclass
class Silence:
    """For how long something has not moved, and when that is spoken of again."""

    seconds: float = 0.0
    due: float = 0.0

    def grows(self, passed: float, floor: float) -> bool:
        """Whether it is time for a line: after `floor` seconds, then each time twice as long."""
        self.seconds += passed
        if self.seconds < max(floor, self.due):
            return False
        self.due = 2 * self.seconds
        return True


class ProgressWatch(Callback):
    """Tune's callbacks as signs of life, and a look at what gives none.

    Raises:
        StalledError: from Tune's loop, which ends by it.
    """

    controller: Any = None
    """Tune's controller, which shows itself to its watch (`sweeps.execution.controller`)."""

    def __init__(
        self, plan: Plan, recorder: Recorder, patience: Patience, pulse: Pulse, *, shared: bool
    ) -> None:
        self._limits, self._resources = plan.spec.limits, plan.spec.resources
        self._recorder, self._patience, self._shared = recorder, patience, shared
        self._pulse = pulse
        self._looked = time.monotonic()
        self._silences: dict[str, Silence] = {}
        """By trial, since its start or last report."""
        self._spent: dict[str, float] = {}
        """Seconds of a trial at its last report, earlier attempts included."""
        self._broken: dict[str, Silence] = {}
        """By trial, since its worker was first seen not to work."""
        self._gone: dict[str, float] = {}
        """By trial, seconds since its worker was first seen to have ended."""
        self._used: dict[str, float] = {}
        """By trial, what its worker had used of a CPU when it was first looked at."""
        self._starts: dict[Any, Silence] = {}
        """By actor, since it was asked for in a place that was there."""
        self._idle = Silence()
        self._slowest_report = self._slowest_start = 0.0
        self._repairs = 0

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._forget(trial)
        self._silences[trial.trial_id] = Silence()

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        silence = self._silences.get(trial.trial_id, Silence())
        self._slowest_report = max(self._slowest_report, silence.seconds)
        self._forget(trial)
        self._silences[trial.trial_id] = Silence()
        self._spent[trial.trial_id] = result["seconds"]
        self._repairs = 0

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._forget(trial)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._forget(trial)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._forget(trial)

    def _forget(self, trial: Any) -> None:
        for known in (self._silences, self._broken, self._gone, self._used):
            known.pop(trial.trial_id, None)

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self._pulse.beat()
        passed = time.monotonic() - self._looked
        if passed < self._patience.look_s:
            return
        self._looked += passed
        passed = min(passed, 2 * self._patience.look_s)
        running = [trial for trial in trials if trial.status == Trial.RUNNING]
        for trial in running:
            self._watch_trial(trial, passed)
        starting = self._starting()
        for actor, trial in starting.items():
            self._watch_start(actor, trial, passed)
        self._came_up(set(starting))
        waiting = [trial for trial in trials if trial.status in (Trial.PENDING, Trial.PAUSED)]
        if waiting and not running and not starting:
            self._watch_placement(waiting[0], passed)
        else:
            self._idle = Silence()

    def _watch_trial(self, trial: Any, passed: float) -> None:
        silence = self._silences.setdefault(trial.trial_id, Silence())
        floor = max(self._patience.report_s, self._patience.slower * self._slowest_report)
        spoken_of = silence.grows(passed, floor)
        if reason := self._over_limit(trial, silence):
            self._recorder.give_up(trial, reason)
            return
        if not self._shared:
            self._watch_gone(trial, passed)
        if silence.seconds < self._patience.say_s:
            return
        worker = worker_state.of(trial.temporary_state.ray_actor)
        if worker.broken:
            self._watch_broken(trial, worker, passed)
            return
        self._broken.pop(trial.trial_id, None)
        used = self._used.setdefault(trial.trial_id, worker.cpu_s)
        if spoken_of:
            say(f"{name(trial)} has reported nothing for {duration(silence.seconds)}"
                f"{self._pace()}; {worker.at_work(used)}")  # fmt: skip

    def _watch_gone(self, trial: Any, passed: float) -> None:
        """End what a worker that has ended left: Ray hears of its end then, and Tune of Ray."""
        actor = trial.temporary_state.ray_actor
        if actor is None or not worker_state.is_gone(actor):
            self._gone.pop(trial.trial_id, None)
            return
        before = self._gone.get(trial.trial_id, 0.0)
        self._gone[trial.trial_id] = before + passed
        if before < HEARS_S <= before + passed:
            end_orphans()

    def _pace(self) -> str:
        if not self._slowest_report:
            return ""
        return f" (the slowest report so far took {duration(self._slowest_report)})"

    def _over_limit(self, trial: Any, silence: Silence) -> str:
        limits, spent = self._limits, self._spent.get(trial.trial_id, 0.0) + silence.seconds
        if limits.trial_s and spent > limits.trial_s:
            return f"ran longer than {limits.trial_s:g} s (limits.trial_s)"
        if limits.silent_s and silence.seconds > limits.silent_s:
            return f"reported nothing for {limits.silent_s:g} s (limits.silent_s)"
        return ""

    def _watch_broken(self, trial: Any, worker: worker_state.Worker, passed: float) -> None:
        broken = self._broken.setdefault(trial.trial_id, Silence())
        what = f"{name(trial)}: its worker {worker.words}"
        spoken_of = broken.grows(passed, self._patience.say_s)
        if broken.seconds >= self._patience.repair_s:
            self._replace(trial, trial.temporary_state.ray_actor, what)
            del self._broken[trial.trial_id]
        elif spoken_of:
            say(f"{what}; waited for since {duration(broken.seconds)}")

    def _starting(self) -> dict[Any, Any]:
        """Actors that were given a place and have not come up, with the trials they are for."""
        tune = self.controller
        placed = tune._actor_manager._live_actors_to_ray_actors_resources
        return {
            actor: trial
            for actor, trial in tune._actor_to_trial.items()
            if actor in placed
            and (actor not in tune._started_actors or trial in tune._resetting_trials)
        }

    def _watch_start(self, actor: Any, trial: Any, passed: float) -> None:
        silence = self._starts.setdefault(actor, Silence())
        usual = self._patience.slower * self._slowest_start
        spoken_of = silence.grows(passed, max(self._patience.say_s, usual))
        what = f"{name(trial)}: its worker has not come up for {duration(silence.seconds)}"
        if silence.seconds >= max(self._patience.repair_s, usual):
            manager = self.controller._actor_manager
            self._replace(trial, manager._live_actors_to_ray_actors_resources[actor][0], what)
            del self._starts[actor]
        elif spoken_of:
            say(what)

    def _came_up(self, starting: set[Any]) -> None:
        for actor in self._starts.keys() - starting:
            silence = self._starts.pop(actor)
            if actor in self.controller._started_actors:
                self._slowest_start = max(self._slowest_start, silence.seconds)

    def _replace(self, trial: Any, actor: Any, what: str) -> None:
        """End a worker: Tune hears of it, and begins the trial again in another."""
        self._repairs += 1
        if self._repairs > self._patience.repairs:
            raise StalledError(what)
        say(f"{what}; it is replaced")
        trial.max_failures += 1  # no fault of the trial's
        ray.kill(actor)

    def _watch_placement(self, trial: Any, passed: float) -> None:
        spoken_of = self._idle.grows(passed, self._patience.say_s)
        if not spoken_of and self._idle.seconds < self._patience.repair_s:
            return
        lack = missing(self._resources, shared=self._shared)
        what = f"{name(trial)} has waited for a worker for {duration(self._idle.seconds)}"
        if not lack and self._idle.seconds >= self._patience.repair_s:
            raise StalledError(f"{what}, though there is room for one")
        if spoken_of:
            say(f"{what}: {lack}" if lack else what)


def name(trial: Any) -> str:
    """The id by which the records know a trial of Tune."""
    return str(trial.config["trial"].id)
