"""Episodes are kept as they were, and what films take is bounded."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count

import av
import numpy as np
import pytest
from PIL import Image

from ilsweep.trainers.core.contract import TrainerConfig
from ilsweep.trainers.core.environment import EnvironmentSpec
from ilsweep.trainers.core.episode import DEMONSTRATION, Episode
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.envs.aloha.layout import EE_POSE
from ilsweep.trainers.evaluation.closed_loop import closed_loop
from ilsweep.trainers.evaluation.episodes import FILMED, SHOWN, EpisodeLog
from ilsweep.trainers.evaluation.film import encode, shrunk
from ilsweep.trainers.evaluation.rollout import (
    EVALUATION_SEEDS,
    ActionExecution,
    OpenLoop,
    RolloutResult,
)
from ilsweep.trainers.evaluation.success import run_episodes
from tests.trainers.evaluation.test_lesions import Blind, Looks, NeverDraws, Still
from tests.trainers.tiny import tiny_demonstrations

hours = partial(next, count(0, 3600))
"""A clock by which a trial has taken long."""


def logged(
    data: Demonstrations,
    clock: Callable[[], float] = hours,
    episodes: int = 12,
    execution: ActionExecution | None = None,
) -> tuple[RolloutResult, list[Episode]]:
    log = EpisodeLog(data, clock=clock)
    acts = execution or OpenLoop(1)
    result = run_episodes(Blind(), log.watched(), episodes, acts, control="joint")
    return result, [e for e in log.take() if e.variant != DEMONSTRATION]


def frames(film: bytes) -> list[tuple[float, np.ndarray]]:
    with av.open(io.BytesIO(film), "r") as container:
        shown = container.decode(video=0)
        return [(frame.time or 0.0, frame.to_ndarray(format="rgb24")) for frame in shown]


def test_what_is_kept_is_what_was_counted_and_the_policy_does_the_same() -> None:
    data = tiny_demonstrations()
    plain = run_episodes(Blind(), data.environment, 12, OpenLoop(1), control="joint")
    result, kept = logged(data)
    assert result.solved == plain.solved == {e.seed: e.success for e in kept}
    assert [e.steps for e in kept] == plain.frames.tolist()
    assert [e.reward for e in kept] == plain.max_rewards.tolist()


def test_the_first_episodes_are_filmed_and_of_the_others_an_outcome_that_is_missing() -> None:
    _, kept = logged(tiny_demonstrations(), episodes=40)
    assert all(e.film and e.thumbnail for e in kept[:FILMED])
    seen = {e.success for e in kept[:FILMED]}
    new = next(e for e in kept[FILMED:] if e.success not in seen) if len(seen) == 1 else None
    assert [e for e in kept[FILMED:] if e.film] == ([new] if new else [])


def test_a_film_shows_what_the_policy_saw_when_it_saw_it() -> None:
    data = tiny_demonstrations()
    _, [kept] = logged(data, episodes=1)
    shown = frames(kept.film)
    assert len(shown) == kept.steps + 10 if kept.success else 2 * 12
    assert np.diff([time for time, _ in shown]) == pytest.approx(1 / 30)
    assert data.environment is not None
    world = data.environment.make("joint", "source")
    world.reset(EVALUATION_SEEDS[0])
    seen = world.observe()["observation.images.top"][0].astype(float)
    assert np.abs(shown[0][1].astype(float) - seen).mean() < 12
    with Image.open(io.BytesIO(kept.thumbnail)) as still:
        assert still.size == (32, 24)


def test_between_rare_looks_pictures_are_drawn_as_far_as_time_allows() -> None:
    data = tiny_demonstrations()
    _, [rich] = logged(data, episodes=1, execution=OpenLoop(1))
    log = EpisodeLog(data, clock=hours)

    class Chunks(Blind):
        def predict_chunk(self, observation: object) -> np.ndarray:
            return np.repeat(super().predict_chunk(observation), 6, 0)  # type: ignore[arg-type]

    run_episodes(Chunks(), log.watched(), 1, OpenLoop(6), control="joint")
    [kept] = [e for e in log.take() if e.variant != DEMONSTRATION]
    assert len(frames(kept.film)) == len(frames(rich.film))


def test_films_take_no_more_than_their_share_of_the_time() -> None:
    result, kept = logged(tiny_demonstrations(), clock=lambda: 7.0)
    assert [e.success for e in kept] == list(result.solved.values())
    assert not any(e.film or e.thumbnail for e in kept)
    log = EpisodeLog(tiny_demonstrations(), clock=iter([0.0, *[100.0] * 9]).__next__)
    assert log.may_spend()
    log.spend(1.99)
    assert log.may_spend()
    log.spend(0.02)
    assert not log.may_spend()


def lesions(data: Demonstrations, clock: Callable[[], float]) -> list[Episode]:
    log = EpisodeLog(data, clock=clock)

    def roll_out(episodes: object, world: EnvironmentSpec | None) -> RolloutResult:
        return run_episodes(Looks(), world, episodes, OpenLoop(1), control="joint")  # type: ignore[arg-type]

    closed_loop(data, TrainerConfig(rollouts=6, lesions=4), roll_out, log)
    return log.take()


def test_an_episode_that_was_solved_is_filmed_under_a_lesion_too() -> None:
    data = tiny_demonstrations()
    assert data.environment is not None
    unseen = replace(data.environment, make_unseen=partial(NeverDraws, data.config))  # type: ignore[arg-type]
    found = lesions(replace(data, environment=unseen), hours)
    black = [e for e in found if e.variant == "black_images"]
    assert [bool(e.film) for e in black] == [True, False, False, False]
    assert any(image.max() > 200 for _, image in frames(black[0].film)), "the world, not the lesion"
    assert {e.variant for e in found} == {
        "none", "black_images", "other_episode_images", "masked_state", DEMONSTRATION,
    }  # fmt: skip
    assert not [e for e in lesions(replace(data, environment=unseen), lambda: 0.0) if e.film]


def test_paths_are_those_of_the_end_effector() -> None:
    data = tiny_demonstrations(20)
    log = EpisodeLog(data, clock=hours)
    run_episodes(Looks(), log.watched(), 1, OpenLoop(1), control="joint")
    *shown, kept = log.take()
    starts = data.source.episode_starts
    assert len(shown) == min(SHOWN, len(data.source.train_episodes))
    for episode, row in zip(data.source.train_episodes, shown, strict=False):
        positions = data.source.vector(EE_POSE)[starts[episode] : starts[episode + 1], :3]
        np.testing.assert_allclose(row.path, positions, atol=1e-4)
        assert row.success is None
    assert kept.path[0] == (0.0, 0.0, 0.0)
    assert len(kept.path[-1]) == 3
    assert log.take() == [], "what was taken is forgotten"


def test_any_size_of_picture_can_be_encoded() -> None:
    for size in ((7, 9), (64, 64), (480, 640), (1, 3)):
        film = encode([np.zeros((*size, 3), np.uint8)] * 2, [0, 5])
        assert len(frames(film)) == 2


def test_large_pictures_are_not_kept_whole() -> None:
    large = np.arange(480 * 640 * 3, dtype=np.uint32).reshape(480, 640, 3).astype(np.uint8)
    small = shrunk(large)
    assert small.shape == (96, 128, 3)
    assert small.base is None, "the large one is let go of"
    assert (small[3, 7] == large[15, 35]).all()
    assert shrunk(large[:64, :64]).shape == (64, 64, 3)


def test_a_long_episode_has_no_more_pictures_than_a_film_needs() -> None:
    data = tiny_demonstrations()
    assert data.environment is not None
    long = replace(data, environment=replace(data.environment, max_steps=1000))
    log = EpisodeLog(long, clock=hours)
    run_episodes(Still(), log.watched(), 1, OpenLoop(1), control="joint")
    [kept] = [e for e in log.take() if e.variant != DEMONSTRATION]
    assert kept.steps == 1000
    assert len(frames(kept.film)) == 201
