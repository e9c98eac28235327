"""`probe/diversity_ratio` of policies whose motions are known."""

from __future__ import annotations

import numpy as np
import pytest

from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.action_units import differences
from ilsweep.trainers.data.dataset import Demonstrations, Float
from ilsweep.trainers.data.features import STATE
from ilsweep.trainers.evaluation.diversity import PHASES, diversity, frames_at, path_diversity
from ilsweep.trainers.evaluation.probes import Policy, Sample
from tests.trainers.evaluation.test_probes import BLIND, LENGTH, LOOKS, STUCK
from tests.trainers.tiny import tiny_demonstrations


@pytest.fixture(scope="module")
def data() -> Demonstrations:
    return tiny_demonstrations(episodes=8)


class Shown:
    """Answers with a multiple of what was demonstrated; with nonsense where nothing was."""

    def __init__(self, data: Demonstrations, factor: float) -> None:
        self.data, self.factor, self.phases = data, factor, iter(PHASES)

    def predict(self, observation: Observation) -> Float:
        frames = frames_at(self.data.source, np.arange(8), next(self.phases))
        sample = Sample.of(self.data, self.data.source, frames, LENGTH, self.data.control("joint"))
        return np.where(sample.pad[..., None], 1e6, self.factor * sample.actions)


def ratio(policy: Policy, data: Demonstrations) -> float:
    return diversity(policy, data, LENGTH, data.control("joint"))["probe/diversity_ratio"]


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_it_is_the_share_of_the_demonstrated_variation(data: Demonstrations, factor: float) -> None:
    assert ratio(Shown(data, factor), data) == pytest.approx(factor, rel=1e-5)


def test_one_motion_for_all_has_none(data: Demonstrations) -> None:
    assert ratio(STUCK, data) == pytest.approx(0.0, abs=1e-6)


def test_a_blind_policy_that_follows_the_robots_state_has_none(data: Demonstrations) -> None:
    assert ratio(BLIND, data) == pytest.approx(0.0, abs=1e-6)


def test_a_policy_that_looks_has_some(data: Demonstrations) -> None:
    assert ratio(LOOKS, data) > 0.3


class FromState:
    """Adds to the state what the demonstration moved the joints by, and shows the grippers."""

    def __init__(self, data: Demonstrations) -> None:
        self.shown, self.phases = Shown(data, 1.0), iter(PHASES)

    def predict(self, observation: Observation) -> Float:
        data = self.shown.data
        frames = frames_at(data.source, np.arange(8), next(self.phases))
        moved = differences(data.control("joint").action, 14)
        change = np.where(moved, observation[STATE] - data.source[STATE][frames], 0)
        return self.shown.predict(observation) + change[:, None]


def test_a_relative_policy_is_judged_by_what_it_adds_to_the_state(data: Demonstrations) -> None:
    def judged(from_state: bool) -> float:
        control = data.control("joint")
        found = diversity(FromState(data), data, LENGTH, control, from_state=from_state)
        return found["probe/diversity_ratio"]

    assert judged(from_state=True) == pytest.approx(1, rel=1e-4)
    assert judged(from_state=False) != pytest.approx(1, rel=0.1)


def test_frames_lie_at_the_phase_and_in_their_episode(data: Demonstrations) -> None:
    for phase in PHASES:
        frames = frames_at(data.source, np.arange(8), phase)
        assert data.source.episode_of(frames).tolist() == list(range(8))
        far = np.abs(data.source.phase[frames] / data.source.phase.max() - phase)
        assert far.max() < 0.1


def lines(count: int, width: float, frames: int = 30) -> list[list[tuple[float, ...]]]:
    """Straight paths that fan out to ends `width` apart, in m."""
    ends = np.linspace(-width, width, count)
    shares = np.linspace(0, 1, frames)
    return [[(float(s), float(s * end), 0.0) for s in shares] for end in ends]


@pytest.mark.parametrize(("width", "expected"), [(0.2, 1.0), (0.1, 0.5), (0.0, 0.0)])
def test_executed_paths_vary_by_as_much(width: float, expected: float) -> None:
    found = path_diversity(lines(8, width, frames=7), lines(8, 0.2))
    assert found == {"probe/path_diversity": pytest.approx(expected, abs=1e-6)}


def test_few_paths_say_nothing() -> None:
    assert path_diversity(lines(3, 0.2), lines(8, 0.2)) == {}
    assert path_diversity(lines(8, 0.2), []) == {}
