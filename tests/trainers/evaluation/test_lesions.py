"""Policies of which it is known what they look at, with a part of that replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from ilsweep.trainers.core.contract import Metrics, TrainerConfig
from ilsweep.trainers.core.environment import EnvironmentSpec, Observation
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.data.features import ENVIRONMENT, IMAGES, STATE
from ilsweep.trainers.evaluation.closed_loop import closed_loop
from ilsweep.trainers.evaluation.episodes import EpisodeLog
from ilsweep.trainers.evaluation.lesions import (
    LESIONS,
    LesionedEnvironment,
    black_images,
    lesioned,
    masked_state,
)
from ilsweep.trainers.evaluation.rollout import OpenLoop, RolloutResult
from ilsweep.trainers.evaluation.success import run_episodes
from tests.trainers.tiny import DIRECTIONS, TinyEnvironment, tiny_demonstrations


class Looks:
    """Reads the goal off the image and goes there; where it sees none, it stays."""

    def predict_chunk(self, observation: Observation) -> np.ndarray:
        image = observation[IMAGES + "top"][0]
        rows, columns = np.nonzero(image[..., 0] == 250)
        if not rows.size:
            return np.zeros((1, 14))
        height, width = image.shape[:2]
        goal = np.array([(rows.mean() + 0.5) / height, (columns.mean() + 0.5) / width])
        return (goal @ DIRECTIONS)[None, :14]


class Blind:
    """Goes to the middle, whatever it sees; some goals are near it."""

    def predict_chunk(self, observation: Observation) -> np.ndarray:
        assert observation[STATE].shape == (1, 14)
        return (np.array([0.5, 0.5]) @ DIRECTIONS)[None, :14]


def found(policy: Any, data: Demonstrations, **config: Any) -> Metrics:
    def roll_out(episodes: int | Sequence[int], world: EnvironmentSpec | None) -> RolloutResult:
        return run_episodes(policy, world, episodes, OpenLoop(1), control="joint")

    asked = TrainerConfig(**{"rollouts": 8, "lesions": 6, **config})
    return closed_loop(data, asked, roll_out, EpisodeLog(data))


def success(metrics: Metrics) -> dict[str, float]:
    return {name: metrics[f"eval/lesion/{name}/pc_success"] for name in ("none", *LESIONS)}


def test_a_policy_that_looks_falls_without_its_images_and_not_without_its_state() -> None:
    metrics = found(Looks(), tiny_demonstrations())
    seen = success(metrics)
    assert seen["none"] == seen["masked_state"] == 100
    assert seen["black_images"] == 0
    assert seen["other_episode_images"] < 100
    assert metrics["eval/lesion/n_episodes"] == 6
    assert metrics["eval/n_episodes"] == 8


def test_a_blind_policy_loses_nothing() -> None:
    metrics = found(Blind(), tiny_demonstrations(), rollouts=20, lesions=20)
    assert 0 < metrics["eval/pc_success"] < 100
    assert set(success(metrics).values()) == {metrics["eval/pc_success"]}


class Still:
    """Never succeeds."""

    def predict_chunk(self, observation: Observation) -> np.ndarray:
        return np.zeros((1, 14))


@pytest.mark.parametrize(
    ("policy", "config", "data"),
    [
        (Still(), {}, {}),
        (Blind(), {"lesions": 0, "rollouts": 20}, {}),
        (Blind(), {"rollouts": 20}, {"observation": "state"}),
    ],
    ids=["nothing to lose", "not wanted", "no images"],
)
def test_no_lesions_where_they_say_nothing(
    policy: Any, config: dict[str, int], data: dict[str, Any]
) -> None:
    metrics = found(policy, tiny_demonstrations(**data), **config)
    assert metrics["eval/n_episodes"] > 0
    assert not [name for name in metrics if "lesion" in name]


def test_what_is_seen_under_a_lesion() -> None:
    data = tiny_demonstrations(6)
    for values in data.source.features.values():
        values.setflags(write=False)  # as where they are mapped from the cache
    black = lesioned(data, black_images).make("joint", "source")
    black.reset(5)
    seen = black.observe()
    assert seen[IMAGES + "top"].shape == (1, 24, 32, 3)
    assert not seen[IMAGES + "top"].any()
    other = lesioned(data, LESIONS["other_episode_images"]).make("joint", "source")
    other.reset(5)
    starts = data.source.episode_starts
    for step in range(starts[6] - starts[5] + 3):
        frame = min(starts[5] + step, starts[6] - 1)
        image = other.observe()[IMAGES + "top"][0]
        assert image.flags.writeable, "torch warns of arrays that it must not write"
        np.testing.assert_array_equal(image, data.source[IMAGES + "top"][frame])
        other.step(np.zeros(14))
    masked = lesioned(data, masked_state).make("joint", "source")
    masked.reset(5)
    masked.step(np.ones(14))
    np.testing.assert_array_equal(masked.observe()[STATE][0], data.statistics(STATE).mean)
    assert ENVIRONMENT not in masked.observe()


class NeverDraws(TinyEnvironment):
    """Without a camera."""

    def observe(self) -> Observation:
        return {key: seen for key, seen in super().observe().items() if IMAGES not in key}


def test_a_picture_that_is_replaced_is_not_drawn_and_nothing_else_changes() -> None:
    data = tiny_demonstrations()
    assert data.environment is not None
    unseen = replace(
        data.environment,
        make_unseen=partial(NeverDraws, data.config),  # type: ignore[arg-type]
    )
    other = replace(data, environment=unseen)
    for name, lesion in LESIONS.items():
        plain, quick = (lesioned(d, lesion).make("joint", "source") for d in (data, other))
        assert isinstance(quick, LesionedEnvironment)
        assert isinstance(quick._environment, NeverDraws) is (name != "masked_state")
        for environment in (plain, quick):
            environment.reset(3)
            environment.step(np.ones(14))
        assert plain.observe().keys() == quick.observe().keys()
        for key, seen in plain.observe().items():
            np.testing.assert_array_equal(seen, quick.observe()[key])
