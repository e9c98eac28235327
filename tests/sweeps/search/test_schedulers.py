"""A scheduler judges trials by what all sessions of a sweep saw of them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.sweeps.search.schedulers import scheduler
from tests.sweeps.search.told import METRIC, record, result
from tests.sweeps.specs import regression_plan


class Trial:
    """One of Tune's, with an identity of its own in each session."""

    def __init__(self, name: str) -> None:
        config, _, seed = name.partition("-s")
        known = SimpleNamespace(id=name, config_id=config, seed=int(seed or 0))
        self.trial_id, self.config = f"tune-{id(self)}", {"trial": known}
        self.status = "RUNNING"


NOBODY = SimpleNamespace(get_live_trials=list)


def judged(judge: Any, name: str, *values: float) -> list[str]:
    trial = Trial(name)
    judge.on_trial_add(NOBODY, trial)
    return [judge.on_trial_result(NOBODY, trial, result(20 * i, value))
            for i, value in enumerate(values, 1)]  # fmt: skip


def nothing(*changed: Any) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("kind", ["none", "asha"])
def test_the_next_trial_is_looked_for_among_those_that_have_not_ended(kind: str) -> None:
    grace = {"grace_steps": 20} if kind == "asha" else {}
    judge = scheduler(regression_plan(scheduler={"type": kind, **grace}), [], nothing)
    trials = [Trial(f"c{i:04d}") for i in range(6)]
    for trial, status in zip(trials, ["TERMINATED", "RUNNING", "PAUSED"] + 3 * ["PENDING"],
                             strict=True):  # fmt: skip
        judge.on_trial_add(NOBODY, trial)
        trial.status = status
    tune = SimpleNamespace(get_live_trials=lambda: {trials[5], trials[3], trials[4], trials[1]})
    assert judge.choose_trial_to_run(tune) is trials[3]
    tune = SimpleNamespace(get_live_trials=lambda: {trials[1], trials[2]})
    assert judge.choose_trial_to_run(tune) is trials[2]
    tune = SimpleNamespace(get_live_trials=lambda: {trials[1]})
    assert judge.choose_trial_to_run(tune) is None


@pytest.mark.parametrize("kind", ["asha", "median"])
def test_a_scheduler_judges_by_trials_of_earlier_sessions(kind: str) -> None:
    plan = regression_plan(scheduler={"type": kind, "grace_steps": 20})
    records = [record(f"c000{i}", 0, "completed", 0.1, {"lr": 0.01}) for i in range(6)]
    assert judged(scheduler(plan, [], nothing), "bad", 50.0) == ["CONTINUE"]
    assert judged(scheduler(plan, records, nothing), "bad", 50.0) == ["STOP"]


@pytest.mark.parametrize("kind", ["asha", "median"])
@pytest.mark.parametrize("every", [1, 20])
def test_a_grace_of_reports_counts_values_whatever_their_steps(kind: str, every: int) -> None:
    plan = regression_plan(scheduler={"type": kind, "grace_reports": 2})
    judge = scheduler(plan, [], nothing)

    def steps(name: str, value: float) -> list[str]:
        trial = Trial(name)
        judge.on_trial_add(NOBODY, trial)
        said = [judge.on_trial_result(NOBODY, trial, result(every * i, value)) for i in (1, 2)]
        judge.on_trial_complete(NOBODY, trial, result(every * 2, value))
        return said

    for i in range(6):
        steps(f"c000{i}-s0", 0.1)
    assert steps("c0009-s0", 50.0) == ["CONTINUE", "STOP"]


@pytest.mark.parametrize("kind", ["asha", "median"])
def test_a_trial_is_judged_once_by_what_it_reported_once(kind: str) -> None:
    """Interrupted after its first report, it goes on from before it and reports it again."""
    plan = regression_plan(scheduler={"type": kind, "grace_steps": 20})
    ended = [record(f"c000{i}", 0, "completed", 1.0 + i, {"lr": 0.01}) for i in range(3)]
    whole = scheduler(plan, ended, nothing)
    expected = judged(whole, "c0007-s0", 2.5, 1.4)
    begun = replace(record("c0007", 0, "running", 1.5, {"lr": 0.01}))
    cut = {METRIC: Curve(begun.curve(METRIC).steps[:1], begun.curve(METRIC).values[:1])}
    again = scheduler(plan, [*ended, replace(begun, curves=cut)], nothing)
    assert judged(again, "c0007-s0", 2.5, 1.4) == expected
    assert judged(again, "c0008-s0", 2.4) == judged(whole, "c0008-s0", 2.4)


def test_a_trial_that_was_to_be_stopped_when_the_driver_was_killed_is_stopped() -> None:
    plan = regression_plan(scheduler={"type": "asha", "grace_steps": 20})
    ended = [record(f"c000{i}", 0, "completed", 0.1, {"lr": 0.01}) for i in range(6)]
    begun = record("c0009", 0, "running", 50.0, {"lr": 0.01})
    curve = Curve(begun.curve(METRIC).steps[:1], begun.curve(METRIC).values[:1])
    again = scheduler(plan, [*ended, replace(begun, curves={METRIC: curve})], nothing)
    assert judged(again, "c0009-s0", 50.0) == ["STOP"]


def cut(trial: TrialRecord, reports: int, **changed: Any) -> TrialRecord:
    """A record that ends after so many reports."""
    curve = trial.curve(METRIC)
    return replace(
        trial, curves={METRIC: Curve(curve.steps[:reports], curve.values[:reports])}, **changed
    )


def early(value: float, state: str, ended: str) -> list[TrialRecord]:
    """Three configurations that were stopped, or stand, at their first report."""
    made = [record(f"c000{i}", 0, state, value, {"lr": 0.01}) for i in range(3)]
    return [cut(trial, 1, ended=ended) for trial in made]


@pytest.mark.parametrize("kind", ["asha", "median"])
def test_after_a_restart_what_was_completed_counts_to_its_end(kind: str) -> None:
    """It came to the first rung before those that look better there, and ended after them."""
    plan = regression_plan(scheduler={"type": kind, "grace_steps": 20, "reduction_factor": 2})
    better = early(0.1, "stopped", "2026-01-01")
    long = [record(f"c001{i}", 0, "completed", 0.5, {"lr": 0.01}) for i in range(4)]
    long = [replace(trial, ended="2026-01-02") for trial in long]
    judge = scheduler(plan, [*better, *long], nothing)
    assert judged(judge, "c0020-s0", 1.05, 9.0) == ["CONTINUE", "STOP"]


def test_after_a_restart_what_passed_a_rung_goes_on() -> None:
    plan = regression_plan(scheduler={"type": "asha", "grace_steps": 20, "reduction_factor": 2})
    begun = cut(record("c0009", 0, "running", 0.5, {"lr": 0.01}), 2)
    judge = scheduler(plan, [*early(0.1, "stopped", "2026-01-01"), begun], nothing)
    assert judged(judge, "c0009-s0", 0.5, 0.5) == ["CONTINUE"] * 2


def test_after_a_restart_a_seed_goes_on_as_another_one_did() -> None:
    """The first seed went on from the rung; the second was interrupted there."""
    plan = regression_plan(
        seeds=[0, 1], scheduler={"type": "asha", "grace_steps": 20, "reduction_factor": 2}
    )
    better = [t for s in (0, 1) for t in (replace(r, id=f"{r.config_id}-s{s}", seed=s)
              for r in early(0.1, "stopped", "2026-01-01"))]  # fmt: skip
    ended = record("c0009", 0, "completed", 0.5, {"lr": 0.01})
    begun = cut(record("c0009", 1, "running", 0.5, {"lr": 0.01}), 1)
    judge = scheduler(plan, [*better, ended, begun], nothing)
    assert judged(judge, "c0009-s1", 1.5, 0.5) == ["CONTINUE"] * 2


def test_after_a_restart_all_seeds_of_a_stopped_configuration_stop() -> None:
    """Though in the order of the records it comes first, with nothing to be compared with."""
    plan = regression_plan(seeds=[0, 1], scheduler={"type": "asha", "grace_steps": 20})
    stopped = cut(record("c0009", 0, "stopped", 50.0, {"lr": 0.01}), 1)
    begun = cut(record("c0009", 1, "running", 50.0, {"lr": 0.01}), 1)
    judge = scheduler(plan, [stopped, begun], nothing)
    assert judged(judge, "c0009-s1", 50.0, 50.0) == ["STOP"] * 2


def test_the_longest_training_of_the_space_is_asha_s_last_rung() -> None:
    space = {"steps": {"choice": [10, 8000]}, "lr": {"loguniform": [1e-3, 0.3]}}
    plan = regression_plan(space=space, params={}, scheduler={"type": "asha", "grace_steps": 20})
    assert (plan.longest, plan.steps({"steps": 10})) == (8000, 10)
    judge = scheduler(plan, [], nothing)
    trial = Trial("a")
    judge.on_trial_add(NOBODY, trial)
    for step in (2001, 2500, 7999, 8000):
        assert judge.on_trial_result(NOBODY, trial, result(step, 1.0)) == "CONTINUE"
