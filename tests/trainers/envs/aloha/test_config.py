"""What may be asked for, and that asking costs no heavy import."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from ilsweep.trainers.core.field_docs import sentences
from ilsweep.trainers.envs.aloha.config import DataConfig


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"rate_hz": 12.0}, "50 Hz over a whole number"),
        ({"rate_hz": 4.0}, "50 Hz over a whole number"),
        ({"cameras": ["top", "top"]}, "each camera at most once"),
        ({"cameras": []}, "at least 1 item"),
        ({"cameras": ["top", "wrist"]}, "'top', 'angle'"),
        ({"image_size": [8, 80]}, "height must lie in 16..480"),
        ({"domains": ["target"]}, "must be [source] or [source, target]"),
        ({"episodes": 2, "holdout": 0.9}, "leaves none for training"),
        ({"episodess": 2}, "episodess"),
    ],
)
def test_a_mistake_is_named(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as error:
        DataConfig.model_validate(wrong)
    assert says in str(error.value)


@pytest.mark.parametrize("rate", [50, 25, 12.5, 10, 5, 50 / 3])
def test_frames_are_a_whole_number_of_ticks(rate: float) -> None:
    assert DataConfig(rate_hz=rate).ticks_per_frame * rate == pytest.approx(50)


@pytest.mark.parametrize(
    ("episodes", "share", "held"), [(40, 0.1, 4), (5, 0.1, 1), (10, 0.5, 5), (2, 0.4, 1)]
)
def test_at_least_one_episode_is_held_out(episodes: int, share: float, held: int) -> None:
    assert DataConfig(episodes=episodes, holdout=share).heldout_episodes == held


def test_every_field_says_what_it_means() -> None:
    found = sentences(DataConfig)
    assert set(found) == set(DataConfig.model_fields)
    assert all(sentence.endswith(".") for sentence in found.values())


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("ilsweep.trainers.data", {"numpy", "torch", "mujoco", "gym_aloha"}),
        ("ilsweep.trainers.data.dataset", {"torch", "mujoco", "gym_aloha"}),
        ("ilsweep.trainers.envs.aloha.source", {"torch", "mujoco", "gym_aloha"}),
        ("ilsweep.trainers.evaluation.rollout", {"torch", "mujoco", "gym_aloha"}),
    ],
)
def test_imports_are_light(module: str, heavy: set[str]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert not heavy & set(loaded.stdout.decode().split())
