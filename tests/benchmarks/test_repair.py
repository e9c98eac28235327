"""The made-up task in which advice is tried."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.faults.world import World, poses_of
from benchmarks.repair.__main__ import known_to_work
from benchmarks.repair.environment import MOST_STEPS, Reach, expert
from benchmarks.repair.faults import FAULTS
from benchmarks.repair.source import MadeUp
from ilsweep.sweeps.validation.validate import check
from ilsweep.trainers.core.environment import StepResult


def ended(control: str, seed: int) -> tuple[Reach, StepResult]:
    environment = Reach(World(), control, "source")
    environment.reset(seed)
    for action in expert(environment, seed):
        result = environment.step(action)
    return environment, result


@pytest.mark.parametrize("control", ["joint", "ee"])
def test_the_expert_succeeds_and_its_hands_go_where_the_goal_is(control: str) -> None:
    for seed in range(5):
        environment, result = ended(control, seed)
        assert result.success
        there = poses_of(environment.world, environment.goal, np.ones(1))[0]
        np.testing.assert_allclose(environment.poses, there, atol=1e-9)


@pytest.mark.parametrize("control", ["joint", "ee"])
def test_who_stays_where_it_is_hardly_ever_succeeds(control: str) -> None:
    solved = 0
    for seed in range(100):
        environment = Reach(World(), control, "source")
        environment.reset(seed)
        still = environment.joints if control == "joint" else environment.poses
        solved += any(environment.step(still).success for _ in range(MOST_STEPS))
    assert solved < 20


def test_no_seed_repeats_a_demonstration(tmp_path: Path) -> None:
    assert MadeUp(source="made-up").load(tmp_path).source.seeds is None


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_and_what_mends_it_differ_and_can_be_run(name: str) -> None:
    faulty, known = FAULTS[name].spec(name), known_to_work(FAULTS[name])
    assert {**faulty, "name": known["name"]} != known
    for spec in (faulty, known):
        check(spec)


def test_what_two_faults_are_compared_with_is_trained_once_where_it_is_the_same() -> None:
    known = [known_to_work(FAULTS[f"act-{x}"]) for x in ("few", "too-short", "frozen", "rate-tiny")]
    assert known[0] == known[1]
    assert len({spec["name"] for spec in known}) == 3  # other data, other parameters
