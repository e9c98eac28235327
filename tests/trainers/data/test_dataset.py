"""Cutting batches from demonstrations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.trainers.data.dataset import STD_FLOOR, Demonstrations, chunk
from ilsweep.trainers.data.features import ENVIRONMENT, IMAGES, STATE
from ilsweep.trainers.envs.aloha.config import Control
from ilsweep.trainers.envs.aloha.layout import CONTROLS, EE_ACTION, EE_POSE
from tests.trainers.tiny import tiny_demonstrations

DEMOS = tiny_demonstrations(episodes=5)


@pytest.mark.parametrize("control", ["joint", "ee"])
@settings(deadline=None, max_examples=40)
@given(data=st.data(), length=st.integers(1, 40))
def test_a_chunk_is_the_next_actions_padded_with_the_last(
    control: Control, data: st.DataObject, length: int
) -> None:
    domain = DEMOS.source
    frame = data.draw(st.integers(0, len(domain["observation.state"]) - 1))
    actions, is_pad = chunk(domain, np.array([frame]), length, CONTROLS[control].action.key)
    end = next(stop for stop in domain.episode_starts if stop > frame)
    for step in range(length):
        expected = domain[CONTROLS[control].action.key][min(frame + step, end - 1)]
        np.testing.assert_array_equal(actions[0, step], expected)
        assert is_pad[0, step] == (frame + step >= end)


def test_a_batch_of_chunks_is_the_chunks_one_by_one() -> None:
    frames = DEMOS.source.train_frames
    actions, is_pad = chunk(DEMOS.source, frames, 9)
    assert actions.shape == (len(frames), 9, 14)
    assert is_pad.shape == (len(frames), 9)
    for row, frame in enumerate(frames):
        one, pad = chunk(DEMOS.source, np.array([frame]), 9)
        np.testing.assert_array_equal(actions[row], one[0])
        np.testing.assert_array_equal(is_pad[row], pad[0])


def test_every_frame_is_for_training_or_held_out_by_whole_episodes() -> None:
    domain = DEMOS.source
    both = np.concatenate([domain.train_frames, domain.heldout_frames])
    np.testing.assert_array_equal(np.sort(both), np.arange(len(domain["observation.state"])))
    assert set(domain.episode_of(domain.train_frames)) == set(domain.train_episodes)
    assert set(domain.episode_of(domain.heldout_frames)) == set(domain.heldout_episodes)


def test_statistics_are_those_of_the_training_frames() -> None:
    values = DEMOS.source["action"][DEMOS.source.train_frames]
    found = DEMOS.statistics("action")
    np.testing.assert_allclose(found.mean, values.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.std, np.maximum(values.std(0), STD_FLOOR), rtol=1e-5)
    np.testing.assert_array_equal(found.min, values.min(0))
    np.testing.assert_array_equal(found.max, values.max(0))


def test_a_number_that_never_moves_has_the_floor_for_its_standard_deviation() -> None:
    still = replace(DEMOS.source, features={STATE: np.ones_like(DEMOS.source[STATE])})
    assert (replace(DEMOS, source=still).statistics(STATE).std == np.float32(STD_FLOOR)).all()


@pytest.mark.parametrize(
    ("observation", "seen"), [("images", IMAGES + "top"), ("state", ENVIRONMENT)]
)
def test_a_policy_sees_images_or_objects_beside_the_robot(observation: str, seen: str) -> None:
    demos = tiny_demonstrations(observation=observation)
    found = demos.observe(demos.source, np.array([3, 1]))
    assert set(found) == {STATE, EE_POSE, seen}
    for key, values in found.items():
        np.testing.assert_array_equal(values, demos.source[key][[3, 1]])


def test_a_control_is_named_or_the_first() -> None:
    assert DEMOS.control(None).name == "joint"
    assert DEMOS.control("ee").action.key == EE_ACTION
    with pytest.raises(
        ValueError, match="control: not one of this data, got arm; valid: joint, ee"
    ):
        DEMOS.control("arm")


@pytest.mark.parametrize("control", ["joint", "ee"])
def test_groups_cover_every_number_once(control: Control) -> None:
    for feature in (CONTROLS[control].state, CONTROLS[control].action):
        numbers = list(range(DEMOS.source[feature.key].shape[1]))
        assert [i for group in feature.groups for i in range(group.start, group.stop)] == numbers
        assert len(set(feature.names)) == len(numbers)


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'observation\.state': "):
        replace(DEMOS.source, features={**DEMOS.source.features, STATE: DEMOS.source[STATE][1:]})


def test_aligned_frames_come_from_training_episodes() -> None:
    demos: Demonstrations = tiny_demonstrations(domains=("source", "target"))
    assert demos.target is not None
    source, target = demos.sample_aligned(np.random.default_rng(0), 200, window=3)
    assert set(source) <= set(demos.source.train_frames)
    assert set(target) <= set(demos.target.train_frames)
