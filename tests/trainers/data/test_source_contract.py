"""The contract that every source of demonstrations keeps."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.data.features import ACTION
from ilsweep.trainers.data.source import DataSource
from ilsweep.trainers.data.sources import SOURCES, kind_of, parse
from tests.trainers.data.lerobot_sets import written
from tests.trainers.envs.test_environments import FETCH_REACH

STATE = {"observation": "state", "episodes": 4, "holdout": 0.25}
CASES: Mapping[str, dict[str, Any]] = {
    "aloha": {"source": "aloha", **STATE},
    "gym": {**FETCH_REACH, **STATE},
    "lerobot": {"source": "lerobot", "holdout": 0.25},
    "metaworld": {"source": "metaworld", "task": "reach-v3", **STATE},
}


@pytest.fixture(scope="module", params=sorted(CASES))
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DataSource:
    case = dict(CASES[request.param])
    if request.param == "lerobot":
        _, case["root"] = written(tmp_path_factory.mktemp("set"), episodes=4)
    return parse(case)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def data(source: DataSource, cache: Path) -> Demonstrations:
    return source.load(cache)


def test_every_ready_source_is_held_to_it() -> None:
    assert CASES.keys() == SOURCES.keys()


def test_no_array_library_is_needed_to_check_a_configuration() -> None:
    for name in SOURCES:
        module = kind_of({"source": name}).__module__
        code = f"import sys, {module}; print(*sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        loaded = {name.split(".")[0] for name in done.stdout.split()}
        assert done.returncode == 0
        assert not loaded & {"numpy", "torch", "mujoco", "gymnasium", "metaworld", "pyarrow"}, name


def test_it_is_the_same_again_from_the_cache_and_made_anew(
    source: DataSource, data: Demonstrations, cache: Path, tmp_path: Path
) -> None:
    for again in (source.load(cache), source.load(tmp_path)):
        assert again.source.features.keys() == data.source.features.keys()
        for key, values in data.source.features.items():
            np.testing.assert_array_equal(again.source[key], values, err_msg=key)


def test_its_frames_fit_each_other(data: Demonstrations) -> None:
    frames = int(data.source.episode_starts[-1])
    for key, values in data.source.features.items():
        assert len(values) == frames, key
        assert np.isfinite(np.asarray(values, np.float64)).all(), key
    for control in data.controls.values():
        for feature in (control.action, control.state):
            values = data.source.vector(feature.key)
            assert len(values) == frames
            assert len(feature.names) in (0, values.shape[1])
    assert data.control(None).action.key == ACTION


def test_held_out_episodes_are_whole_and_are_not_trained_on(data: Demonstrations) -> None:
    train, held = data.source.train_frames, data.source.heldout_frames
    assert len(train)
    assert len(held)
    assert not set(train.tolist()) & set(held.tolist())
    starts = data.source.episode_starts
    episode = np.searchsorted(starts, np.arange(starts[-1]), side="right")
    assert not set(episode[train].tolist()) & set(episode[held].tolist())


def test_statistics_are_of_the_training_frames_alone(data: Demonstrations) -> None:
    values = data.source.vector(ACTION)[data.source.train_frames]
    found = data.statistics(ACTION)
    np.testing.assert_allclose(found.mean, values.mean(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found.max, values.max(axis=0))


def test_it_says_whether_policies_can_act(source: DataSource, data: Demonstrations) -> None:
    assert source.has_environment == (data.environment is not None)


def test_it_says_whether_actions_have_groups(source: DataSource, data: Demonstrations) -> None:
    grouped = {bool(control.action.groups) for control in data.controls.values()}
    assert grouped == {source.has_groups}
