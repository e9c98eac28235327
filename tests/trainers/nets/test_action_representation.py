"""What nets predict of actions: there and back, against sums written out."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.trainers.data.action_units import differences
from ilsweep.trainers.data.dataset import STD_FLOOR, chunk
from ilsweep.trainers.data.features import ACTION, STATE, ControlMode, Feature
from ilsweep.trainers.nets.action_representation import ActionEncoding, moments
from ilsweep.trainers.nets.config import ActionRepresentation
from ilsweep.trainers.nets.preprocessing import Preprocessor
from tests.trainers.tiny import tiny_demonstrations

KINDS = get_args(ActionRepresentation)
STAY = {"joint": [6, 13], "ee": [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]}
"""Grippers and rotations of gym-aloha's robot."""


@cache
def encoding(kind: Any, control: str = "joint") -> ActionEncoding:
    data = tiny_demonstrations()
    return ActionEncoding.of(kind, data, data.control(control), "cpu")


def drawn(
    seed: int, width: int, length: int = 7, scale: float = 3.0
) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    actions = scale * rng.standard_normal((4, length, width))
    state = scale * rng.standard_normal((4, width))
    return torch.from_numpy(actions.astype(np.float32)), torch.from_numpy(state.astype(np.float32))


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    control=st.sampled_from(["joint", "ee"]),
    seed=st.integers(0, 999),
    length=st.integers(1, 40),
    scale=st.floats(0.01, 300),
)
def test_decoded_is_what_was_encoded(
    kind: str, control: str, seed: int, length: int, scale: float
) -> None:
    actions, state = drawn(seed, 14 if control == "joint" else 16, length, scale)
    found = encoding(kind, control)
    back = found.decode(found.encode(actions, state), state)
    torch.testing.assert_close(back, actions, rtol=0, atol=3e-7 * scale * (length + 10))
    torch.testing.assert_close(
        found.encode(actions, state)[..., STAY[control]], actions[..., STAY[control]]
    )


def test_each_step_of_a_chunk_is_its_difference() -> None:
    actions, state = drawn(0, 14)
    relative, delta = (encoding(kind).encode(actions, state) for kind in ("relative", "delta"))
    joints = [i for i in range(14) if i not in STAY["joint"]]
    for b in range(4):
        for i in joints:
            before = state[b, i]
            for t in range(7):
                assert relative[b, t, i] == actions[b, t, i] - state[b, i]
                assert delta[b, t, i] == actions[b, t, i] - before
                before = actions[b, t, i]
    torch.testing.assert_close(
        delta[..., joints].cumsum(dim=1), relative[..., joints], rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("kind", ["relative", "delta"])
def test_statistics_are_those_of_all_that_is_to_be_predicted(kind: Any) -> None:
    data, length = tiny_demonstrations(), 5
    control, source = data.control("joint"), data.source
    rows = []
    for frame in source.train_frames:
        actions, pad = chunk(source, np.array([frame]), length)
        state = source[STATE][frame].astype(np.float64)
        before = state
        for action, over in zip(actions[0].astype(np.float64), pad[0], strict=True):
            if not over:
                change = action - (state if kind == "relative" else before)
                change[STAY["joint"]] = action[STAY["joint"]]
                rows.append(change)
            before = action
    expected = np.array(rows)
    found = encoding(kind).statistics(data, length, control)
    floor = STD_FLOOR * data.statistics(ACTION).std
    floor[STAY["joint"]] = STD_FLOOR
    np.testing.assert_allclose(found.mean, expected.mean(0), atol=1e-6)
    np.testing.assert_allclose(found.std, np.maximum(expected.std(0), floor), rtol=1e-4)
    np.testing.assert_allclose(found.min, expected.min(0), atol=1e-6)
    np.testing.assert_allclose(found.max, expected.max(0), atol=1e-6)


@pytest.mark.parametrize("kind", ["relative", "delta"])
def test_what_a_net_learns_is_standardised(kind: Any) -> None:
    data = tiny_demonstrations()
    preprocessor = Preprocessor(data, data.control("joint"), "cpu", kind, 5)
    chunks = preprocessor.chunks(data.source, data.source.train_frames, 5)
    valid = chunks.actions[~chunks.pad]
    torch.testing.assert_close(valid.mean(0), torch.zeros(14), atol=1e-4, rtol=0)
    assert (valid.std(0) < 1.01).all()


def test_moments_of_parts_are_those_of_the_whole() -> None:
    rng = np.random.default_rng(0)
    rows = (1000 + rng.standard_normal((50, 3))).astype(np.float32)
    found = moments(np.split(rows, [1, 2, 30]))
    np.testing.assert_allclose(found.mean, rows.mean(0, dtype=np.float64))
    np.testing.assert_allclose(found.variance, rows.var(0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_array_equal(found.low, rows.min(0))
    np.testing.assert_array_equal(found.high, rows.max(0))


def test_where_no_meaning_is_known_grippers_are_told_by_their_names() -> None:
    names = ("shoulder.pos", "elbow.pos", "Gripper.pos")
    assert differences(Feature(ACTION, names), 3).tolist() == [True, True, False]
    assert differences(Feature(ACTION), 3).tolist() == [True, True, True]


def other_actions(values: Any) -> Any:
    """Demonstrations whose actions are others."""
    data = tiny_demonstrations()
    data.source.features[ACTION] = values(data.source)  # type: ignore[index]
    return data


UNNAMED = ControlMode("joint", Feature(STATE), Feature(ACTION))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (lambda source: source[STATE][:, :3], "they have 3 numbers, and the state has 14"),
        (lambda source: -source[STATE], "number 0 varies more about the state"),
        (
            lambda source: np.random.default_rng(0).standard_normal((len(source.phase), 14)),
            r"varies more about the state than by itself \(standard deviations \d",
        ),
    ],
)
def test_actions_that_are_no_states_have_no_differences(values: Any, message: str) -> None:
    data = other_actions(values)
    with pytest.raises(ValueError, match=rf"^action_representation: delta takes .*{message}.*"):
        ActionEncoding.of("delta", data, UNNAMED, "cpu")
    ActionEncoding.of("absolute", data, UNNAMED, "cpu")
