"""What is kept of the predictions of policies that are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.dataset import Demonstrations, Float, chunk
from ilsweep.trainers.data.features import ControlMode, Feature, Group
from ilsweep.trainers.evaluation.diversity import frames_at
from ilsweep.trainers.evaluation.predictions import (
    EPISODES,
    PHASES,
    plan_by_phase,
    predictions,
    share_of,
)
from tests.trainers.evaluation.test_probes import LENGTH
from tests.trainers.tiny import tiny_demonstrations


@pytest.fixture(scope="module")
def data() -> Demonstrations:
    return tiny_demonstrations(episodes=8)


class Shown:
    """Answers with what was demonstrated, some of it doubled."""

    def __init__(self, data: Demonstrations, control: ControlMode, factor: float = 1.0) -> None:
        episodes = data.source.train_episodes[:EPISODES]
        frames = np.concatenate([frames_at(data.source, episodes, phase) for phase in PHASES])
        self.actions = factor * chunk(data.source, frames, LENGTH, control.action.key)[0]

    def predict(self, observation: Observation) -> Float:
        return self.actions


def test_a_range_is_that_of_the_numbers(data: Demonstrations) -> None:
    control = data.control("joint")
    found = predictions(Shown(data, control, 2.0), data, LENGTH, control)["actions"]
    actions = data.source.vector(control.action.key)[data.source.train_frames]
    assert [row["name"] for row in found] == list(control.action.names)
    for i, row in enumerate(found):
        assert row["shown"][0] == pytest.approx(actions[:, i].min(), rel=1e-3)
        assert row["shown"][-1] == pytest.approx(actions[:, i].max(), rel=1e-3)
    assert predictions(Shown(data, control), data, LENGTH, control)["paths"] == []


def test_positions_that_are_commanded_are_the_path(data: Demonstrations) -> None:
    control = data.control("ee")
    place = control.action.groups[0].slice
    found = predictions(Shown(data, control), data, LENGTH, control)["paths"]
    assert len(found) == len(PHASES) * len(data.source.train_episodes)
    actions = Shown(data, control).actions[..., place]
    for row, commanded in zip(found, actions, strict=True):
        np.testing.assert_allclose(row["points"][-1], commanded[-1], rtol=1e-3, atol=1e-4)


def test_changes_of_position_are_summed_in_the_units_of_the_demonstrations() -> None:
    """A world in which an action of 1 moves the hand by 0.02 m."""
    data = tiny_demonstrations(episodes=4)
    rng = np.random.default_rng(0)
    source = data.source
    actions = rng.normal(size=(len(source.phase), 2)).astype(np.float32)
    positions = np.zeros_like(actions)
    for start, stop in zip(source.episode_starts[:-1], source.episode_starts[1:], strict=True):
        positions[start + 1 : stop] = 0.02 * actions[start : stop - 1].cumsum(axis=0)
    features = {**source.features, "observation.state": positions, "action": actions}
    moving = Group("hand_position", "position", "change", 0, 2)
    control = ControlMode(
        "delta",
        Feature("observation.state", (), (Group("hand_position", "position", "m", 0, 2),)),
        Feature("action", ("x", "y"), (moving,)),
    )
    data = replace(data, source=replace(source, features=features))
    found = predictions(Shown(data, control), data, LENGTH, control)["paths"]
    compared = 0
    for row in found:
        episode = row["seed"] if source.seeds is None else source.seeds.tolist().index(row["seed"])
        at = source.episode_starts[episode] + row["frame"]
        if source.episode_starts[episode + 1] - at > LENGTH:
            compared += 1
            np.testing.assert_allclose(row["points"][0], positions[at], atol=1e-4)
            np.testing.assert_allclose(row["points"][-1], positions[at + LENGTH], atol=1e-4)
    assert compared


def test_a_plan_is_binned_by_where_its_frames_lie(data: Demonstrations) -> None:
    source = data.source
    first, last = source.episode_starts[:-1], source.episode_starts[1:] - 1
    assert (share_of(source, first) == 0).all()
    assert (share_of(source, last) == 1).all()
    matrix = np.array([[0.5, 0.0], [0.1, 0.4]])
    ends = np.array([0.0, 1.0])
    assert plan_by_phase([(matrix, ends, ends)] * 2, bins=2) == [[0.5, 0.0], [0.1, 0.4]]
    assert plan_by_phase([(matrix, ends, ends[::-1])], bins=2) == [[0.0, 0.5], [0.4, 0.1]]
