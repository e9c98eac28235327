"""Configurations are stopped, not seeds: by the mean, all together, and without a wait for ever."""

from __future__ import annotations

import itertools
import random
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.model import State, TrialRecord
from ilsweep.sweeps.search.schedulers import milestones, scheduler
from ilsweep.sweeps.spec.plan import Plan
from tests.sweeps.search.test_schedulers import nothing
from tests.sweeps.search.told import METRIC
from tests.sweeps.search.tune_loop import Loop, Loss
from tests.sweeps.specs import regression_plan

CONFIGS = [f"c{i:04d}" for i in range(12)]


def planned(kind: str, seeds: int) -> Plan:
    return regression_plan(
        params={"steps": 90, "log_every": 10, "eval_every": 10, "save_every": 90, "width": 4},
        scheduler={"type": kind, "grace_steps": 10},
        seeds=list(range(seeds)),
    )


def looped(
    loss: Loss,
    *,
    kind: str = "asha",
    seeds: int = 3,
    slots: int = 2,
    pauses: bool = True,
    order: int = 0,
    configs: list[str] = CONFIGS,
) -> Loop:
    plan = planned(kind, seeds)
    judge = scheduler(plan, [], nothing, pauses=pauses)
    pairs = itertools.product(configs, range(seeds))
    loop = Loop(judge, pairs, loss, slots=slots, seed=order)
    assert loop.run(), "something waits for ever"
    return loop


def level(config: str) -> float:
    """Twelve configurations in the order of a shuffled list, a smaller loss is better."""
    order = list(CONFIGS)
    random.Random(3).shuffle(order)
    return float(order.index(config))


def test_milestones_are_the_rungs() -> None:
    plan = regression_plan(
        params={"steps": 90}, scheduler={"type": "asha", "grace_steps": 10, "reduction_factor": 3}
    )
    assert milestones(plan) == [10, 30]  # and its end
    plan = regression_plan(params={"steps": 90}, scheduler={"type": "median", "grace_steps": 10})
    assert milestones(plan) == [10, 20, 40, 80]


@given(
    kind=st.sampled_from(["asha", "median"]),
    seeds=st.integers(1, 4),
    slots=st.integers(1, 7),
    pauses=st.booleans(),
    order=st.integers(0, 100),
    broken=st.sets(
        st.tuples(st.sampled_from(CONFIGS), st.integers(0, 3), st.sampled_from([10, 30, 50])),
        max_size=12,
    ),
)
@settings(max_examples=60, deadline=None)
def test_all_seeds_stop_or_none_and_nothing_waits_for_ever(
    kind: str, seeds: int, slots: int, pauses: bool, order: int, broken: set[tuple[str, int, int]]
) -> None:
    def loss(config: str, seed: int, step: int) -> float | None:
        fails = any((config, seed) == (c, s) and step >= at for c, s, at in broken)
        return None if fails else level(config) + 0.1 * seed + 1 / step

    loop = looped(loss, kind=kind, seeds=seeds, slots=slots, pauses=pauses, order=order)
    assert len(loop.trials) == seeds * len(CONFIGS)
    if pauses:
        for states in loop.states().values():
            assert len(states - {"failed"}) <= 1


def left_by(loop: Loop, loss: Loss) -> list[TrialRecord]:
    """The records of a sweep that was interrupted."""
    records = []
    for trial in loop.trials:
        steps = np.arange(10, trial.step + 1, 10)
        values = np.array([loss(trial.config_id, trial.seed, int(step)) for step in steps])
        records.append(TrialRecord(
            f"{trial.config_id}-s{trial.seed}", trial.config_id, trial.seed, {}, {},
            "running" if trial.status != "TERMINATED" else cast(State, trial.state),
            curves={METRIC: Curve(steps, values)} if trial.step else {},
        ))  # fmt: skip
    return records


@given(
    kind=st.sampled_from(["asha", "median"]),
    reports=st.integers(1, 150),
    order=st.integers(0, 100),
)
@settings(max_examples=40, deadline=None)
def test_a_sweep_that_was_interrupted_anywhere_stops_all_seeds_or_none(
    kind: str, reports: int, order: int
) -> None:
    def loss(config: str, seed: int, step: int) -> float:
        return level(config) + 0.1 * seed + 1 / step

    plan = planned(kind, 3)
    pairs = list(itertools.product(CONFIGS, range(3)))
    first = Loop(scheduler(plan, [], nothing), pairs, loss, slots=4, seed=order)
    first.run(reports)
    judge = scheduler(plan, left_by(first, loss), nothing)
    ended = {(t.config_id, t.seed) for t in first.trials if t.status == "TERMINATED"}
    again = Loop(judge, [pair for pair in pairs if pair not in ended], loss, slots=4, seed=order)
    for trial, before in itertools.product(again.queue, first.trials):
        if (trial.config_id, trial.seed) == (before.config_id, before.seed):
            trial.step = before.step // 30 * 30  # of its checkpoint
    assert again.run()
    states = first.states(ended=True)
    for config, found in again.states().items():
        assert len(found | states.get(config, set())) == 1


@pytest.mark.parametrize("slots", [1, 2, 12, 36])
def test_asha_saves_as_much_as_with_one_seed_each(slots: int) -> None:
    """Whatever the slots: seeds wait at the rung, and are not trained to their end meanwhile."""
    loop = looped(lambda c, seed, step: level(c), slots=slots)
    assert loop.states()[min(CONFIGS, key=level)] == {"completed"}
    assert loop.reports < 0.75 * 9 * len(loop.trials)
    alone = looped(lambda c, seed, step: level(c), slots=1, seeds=1)
    if slots == 1:
        assert loop.reports == 3 * alone.reports
    assert loop.pauses <= 2 * len(loop.trials)


def test_one_lucky_or_unlucky_seed_does_not_judge_a_configuration() -> None:
    """Seeds differ by more than configurations: those that finish are good in the mean."""
    chosen, by_seed = [], []
    for draw in range(40):
        noise = np.random.default_rng(draw).normal(0, 3, (12, 3))
        names = {name: i for i, name in enumerate(CONFIGS)}

        def loss(config: str, seed: int, step: int) -> float:
            return level(config) / 4 + float(noise[names[config], seed])  # noqa: B023

        means = {c: np.mean([loss(c, s, 10) for s in range(3)]) for c in CONFIGS}
        states = looped(loss, order=draw).states()
        finished = [c for c, found in states.items() if found == {"completed"}]
        assert all(len(found) == 1 for found in states.values())
        best = min(means, key=lambda c: means[c])
        chosen.append(best in finished)
        # Judged alone, a seed is compared with seeds: the same twelve, one after the other.
        single = looped(
            lambda c, seed, step: loss(c[:5], int(c[5:]), step),
            seeds=1, order=draw, configs=[f"{c}{s}" for c in CONFIGS for s in range(3)],
        ).states()  # fmt: skip
        by_seed.append(all(single[f"{best}{s}"] == {"completed"} for s in range(3)))
    assert all(chosen)  # the best mean is never below a cutoff of means
    assert np.mean(by_seed) < 0.5  # seed by seed, most often one of its three is stopped


def test_where_nothing_can_be_paused_seeds_train_on_and_stop_together_later() -> None:
    loop = looped(lambda c, seed, step: level(c), slots=36, pauses=False)
    assert loop.pauses == 0
    stopped = [states for states in loop.states().values() if states == {"stopped"}]
    assert stopped


@pytest.mark.parametrize("kind", ["asha", "median"])
def test_a_seed_that_a_race_added_trains_to_its_end(kind: str) -> None:
    """However bad it is: its configuration came through by the first seeds."""
    judge = scheduler(planned(kind, 2), [], nothing)
    first = list(itertools.product(CONFIGS, range(2)))
    loop = Loop(judge, first, lambda c, s, _: level(c) + 100 * (s == 2), slots=2)
    assert loop.run()
    (survivor, *_) = [c for c, states in loop.states().items() if states == {"completed"}]
    further = Loop(judge, [(survivor, 2)], loop.loss, slots=2)
    assert further.run()
    assert further.states() == {survivor: {"completed"}}
