"""Dynamic time warping against brute force, and the alignment of episodes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.trainers.data.alignment import Alignment, align, aligned_frames, distances, warp


def cheapest(cost: np.ndarray) -> float:
    """The cost of the best of all paths, by trying them."""

    @cache
    def to(i: int, j: int) -> float:
        before = [(i - 1, j), (i, j - 1), (i - 1, j - 1)]
        ways = [to(*cell) for cell in before if min(cell) >= 0]
        return float(cost[i, j]) + min(ways, default=0.0)

    return to(cost.shape[0] - 1, cost.shape[1] - 1)


@settings(deadline=None)
@given(n=st.integers(1, 7), m=st.integers(1, 7), seed=st.integers(0, 1000))
def test_the_path_is_monotone_and_as_cheap_as_brute_force(n: int, m: int, seed: int) -> None:
    cost = np.random.default_rng(seed).integers(0, 5, (n, m)).astype(float)
    path, total = warp(cost)
    assert total == cheapest(cost)
    assert cost[path[:, 0], path[:, 1]].sum() == total
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [n - 1, m - 1]
    steps = {tuple(step) for step in np.diff(path, axis=0).tolist()}
    assert steps <= {(1, 0), (0, 1), (1, 1)}


@settings(deadline=None)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=12), st.integers(0, 1000))
def test_a_slowed_down_episode_is_matched_exactly(repeats: list[int], seed: int) -> None:
    states = np.random.default_rng(seed).permutation(len(repeats))[:, None].astype(float)
    slow = np.repeat(states, repeats, axis=0)
    path, total = warp(distances(states, slow))
    assert total == 0
    np.testing.assert_array_equal(slow[aligned_frames(path, len(states))], states)


def made_up(tempo: float, goals: list[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Episodes that go from 0 to a goal, one after another: states, starts, episodes."""
    count = round(20 * tempo)
    paths = [np.stack([np.full(count, g), g * np.linspace(0, 1, count) ** 2], 1) for g in goals]
    return np.concatenate(paths), np.arange(len(goals) + 1) * count, np.arange(len(goals))


@pytest.fixture
def aligned() -> Alignment:
    source, target = made_up(1.0, [1.0, 2.0, 3.0]), made_up(1.5, [3.1, 0.9, 2.0])
    return align(source[0], source[1], np.array([0, 2]), *target)


def test_episodes_are_paired_by_what_they_are_about(aligned: Alignment) -> None:
    starts = [aligned.target_first[frame] for frame in (0, 40)]  # of the source's episodes 0 and 2
    assert starts == [30, 0]  # where the target's episodes 1 and 0 begin
    assert (aligned.target_frame[20:40] == -1).all()  # episode 1 is not for training


def test_frames_are_aligned_by_progress(aligned: Alignment) -> None:
    progress = (aligned.target_frame[:20] - 30) / 29
    np.testing.assert_allclose(progress, np.linspace(0, 1, 20), atol=0.08)


def test_jitter_is_uniform_over_the_window(aligned: Alignment) -> None:
    frames = np.full(9000, 10)
    offsets = aligned.targets(np.random.default_rng(0), frames, window=4)
    counts = np.bincount(offsets - aligned.target_frame[10] + 4)
    assert len(counts) == 9
    assert (abs(counts - 1000) < 5 * np.sqrt(1000)).all()


def test_jitter_stays_in_the_episode(aligned: Alignment) -> None:
    frames = np.full(500, 10)
    targets = aligned.targets(np.random.default_rng(0), frames, window=100)
    assert (targets.min(), targets.max()) == (30, 59)


def test_no_window_means_no_jitter(aligned: Alignment) -> None:
    frames = np.arange(20)
    targets = aligned.targets(np.random.default_rng(0), frames, window=0)
    np.testing.assert_array_equal(targets, aligned.target_frame[:20])


def test_a_frame_that_was_not_aligned_is_refused(aligned: Alignment) -> None:
    with pytest.raises(ValueError, match="source frame 25 is not of a training episode"):
        aligned.targets(np.random.default_rng(0), np.array([3, 25]), window=1)


def test_episodes_that_begin_alike_are_paired_by_where_they_go() -> None:
    """First states that are all the same say nothing; goals do."""
    time = np.linspace(0, 1, 20)[:, None]
    goals = np.random.default_rng(0).uniform(-1, 1, (30, 2))
    source = np.concatenate([goal * time for goal in goals[:10]])
    target = np.concatenate([goal * time for goal in goals[::-1]])
    starts, more = 20 * np.arange(11), 20 * np.arange(31)
    found = align(source, starts, np.arange(10), target, more, np.arange(30))
    np.testing.assert_array_equal(found.target_first[starts[:-1]] // 20, 29 - np.arange(10))
