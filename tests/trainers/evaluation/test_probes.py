"""Probes on policies whose answers are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.dataset import Demonstrations, Float
from ilsweep.trainers.evaluation import probes
from ilsweep.trainers.evaluation.probes import Sample
from tests.trainers.tiny import tiny_demonstrations

LENGTH = 5


class Answer:
    """A policy made of a function of the observation: (B, ...) -> (B, A), held over the chunk."""

    def __init__(self, function: Callable[[Observation], Float]) -> None:
        self.function = function

    def predict(self, observation: Observation) -> Float:
        answer = self.function(observation)[:, None, :]
        return np.repeat(answer, LENGTH, axis=1).astype(np.float32)


def brightness(observation: Observation) -> Float:
    """Where the bright square is, (B, 14)."""
    bright = observation["observation.images.top"][..., 0] > 200  # (B, H, W)
    columns = (bright * np.arange(bright.shape[2])).sum(axis=(1, 2)) / np.maximum(
        bright.sum(axis=(1, 2)), 1
    )
    return np.repeat(columns[:, None], 14, axis=1).astype(np.float32)


LOOKS = Answer(brightness)
BLIND = Answer(lambda observation: np.float32(2) * observation["observation.state"])
STUCK = Answer(
    lambda observation: np.full((len(observation["observation.state"]), 14), 0.3, np.float32)
)


@pytest.fixture(scope="module")
def data() -> Demonstrations:
    return tiny_demonstrations(episodes=8)


@pytest.fixture(scope="module")
def sample(data: Demonstrations) -> Sample:
    return Sample.of(data, data.source, data.source.heldout_frames, LENGTH, data.control("joint"))


def test_a_blind_policy_does_not_change_with_the_images(sample: Sample) -> None:
    found = probes.vision(BLIND, sample)
    assert len(found) == 6
    for name, value in found.items():
        assert value == (0.0 if name.endswith("_action_change") else 1.0), name


def test_a_policy_that_looks_changes_with_every_replacement(sample: Sample) -> None:
    found = probes.vision(LOOKS, sample)
    changes = [value for name, value in found.items() if name.endswith("_action_change")]
    assert len(changes) > 1
    assert min(changes) > 0.1


def test_changes_are_in_spreads_of_the_actions(sample: Sample) -> None:
    shown = sample.actions
    assert sample.change(shown, shown + 2 * sample.action_std) == pytest.approx(2.0, rel=1e-5)
    assert sample.error(shown + 3 * sample.action_std) == pytest.approx(3.0, rel=1e-5)


def test_errors_do_not_count_padded_steps(sample: Sample) -> None:
    assert sample.pad.any()
    wrong_there = np.where(sample.pad[..., None], 1e6, sample.actions)
    assert sample.error(wrong_there) == 0.0


def test_nothing_is_said_of_images_where_there_are_none() -> None:
    data = tiny_demonstrations(observation="state")
    sample = Sample.of(data, data.source, data.source.heldout_frames, LENGTH, data.control("joint"))
    assert probes.vision(BLIND, sample) == {}


def test_masked_joints_matter_to_who_uses_them(sample: Sample) -> None:
    assert probes.joints(BLIND, sample)["probe/joints_action_change"] > 0.1
    assert probes.joints(LOOKS, sample)["probe/joints_action_change"] == 0.0


def test_donors_are_frames_of_other_episodes_at_the_same_phase(data: Demonstrations) -> None:
    domain = data.source
    frames = domain.heldout_frames
    others = probes.matched_frames(domain, frames)
    assert (domain.episode_of(others) != domain.episode_of(frames)).all()
    assert np.abs(domain.phase[others] - domain.phase[frames]).max() < 0.06
    assert len(set(domain.episode_of(others))) == 8


def test_target_error_is_measured_against_the_sources(sample: Sample) -> None:
    class OneSpreadOff:
        def predict(self, observation: Observation) -> Float:
            return sample.actions + sample.action_std

    further = replace(sample, actions=sample.actions - 2 * sample.action_std)
    found = probes.target_domain(OneSpreadOff(), sample, further)
    assert found["probe/target_l1"] == pytest.approx(3.0, rel=1e-5)
    assert found["probe/target_error_ratio"] == pytest.approx(3.0, rel=1e-5)


def test_active_units_are_those_that_vary() -> None:
    rng = np.random.default_rng(0)
    means = rng.standard_normal((500, 4)) * np.array([1.0, 0.2, 0.05, 0.0]) + 3.0
    assert probes.active_units(means.astype(np.float32)) == {"probe/active_units": 2.0}


@pytest.mark.parametrize("size", [1, 3, 7])
def test_effective_rank_of_equal_directions_is_their_number(size: int) -> None:
    assert probes.effective_rank(np.eye(size, 9, dtype=np.float32)) == pytest.approx(size)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_effective_rank_lies_within_the_rank_and_ignores_scale_and_rotation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = (rng.standard_normal((12, 3)) @ rng.standard_normal((3, 6))).astype(np.float32)
    rotation = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    rank = probes.effective_rank(matrix)
    assert 1.0 <= rank <= 3.0 + 1e-4
    assert probes.effective_rank((5.0 * matrix @ rotation).astype(np.float32)) == pytest.approx(
        rank, rel=1e-3
    )


def test_features_that_are_all_alike_have_rank_zero() -> None:
    assert probes.feature_rank(np.full((6, 4), 3.0, dtype=np.float32))["probe/feature_rank"] == 0.0


def test_weight_change_is_relative() -> None:
    before = {"a": np.full((2, 3), 2.0, np.float32), "b": np.ones(4, np.float32)}
    now = {name: 1.25 * value for name, value in before.items()}
    assert probes.weight_change(now, before)["probe/backbone_change"] == pytest.approx(0.25)
    assert probes.weight_change(before, before)["probe/backbone_change"] == 0.0


def test_domain_distance_is_in_spreads_within_a_domain() -> None:
    rng = np.random.default_rng(0)
    ours = {"state": rng.standard_normal((20_000, 1)).astype(np.float32)}
    theirs = {"state": ours["state"] + np.float32(4.0)}
    name = "probe/domain_distance"
    assert probes.domain_distance(ours, theirs)[name] == pytest.approx(4.0, rel=0.02)
    assert probes.domain_distance(ours, ours)[name] == 0.0
    spread = probes.domain_distance({"state": 0.1 * ours["state"]}, ours)["probe/embedding_spread"]
    assert spread == pytest.approx(math.sqrt((0.01 + 1.0) / 2), rel=0.02)


def test_true_match_knows_the_corresponding_states() -> None:
    data = tiny_demonstrations(domains=("source", "target"))
    twin = replace(data, target=data.source)
    frames = data.source.train_frames[::7]
    right = np.eye(frames.size) / frames.size
    assert probes.true_match(right, twin, frames, frames) == pytest.approx(1.0)
    assert probes.true_match(np.roll(right, 1, axis=0), twin, frames, frames) == 0.0
    blind = np.full(right.shape, 0.01)
    assert probes.true_match(blind, twin, frames, frames) == pytest.approx(1 / frames.size)
    assert math.isnan(probes.true_match(0 * right, twin, frames, frames))
