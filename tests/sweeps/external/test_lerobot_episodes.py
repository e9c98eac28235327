"""Parts of the episodes' file that need no LeRobot; a card of a real one, `tests/lerobot` tests."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import numpy as np
import pytest
import torch

from ilsweep.sweeps.workflow.lerobot_policy import EPISODES


@pytest.fixture(scope="module")
def script() -> Any:
    spec = spec_from_file_location("lerobot_episodes", EPISODES)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_image_is_kept_to_the_bit(script: Any) -> None:
    pixels = torch.randint(0, 256, (1, 3, 5, 7), generator=torch.Generator().manual_seed(0))
    image = pixels.float() / 255
    assert torch.equal(script.unpacked(*script.packed(image)), image)
    np.testing.assert_array_equal(script.small(image), pixels[0].permute(1, 2, 0).numpy())
    assert script.small(torch.zeros(1, 3, 480, 640)).shape == (96, 128, 3)


@pytest.mark.parametrize(
    ("info", "done"),
    [
        ({"final_info": {"is_success": np.array([True])}}, True),
        ({"final_info": [{"is_success": True}]}, True),
        ({"final_info": [None]}, False),
        ({"is_success": np.array([False])}, False),
        ({"is_success": True}, True),
        ({}, False),
    ],
)
def test_success_is_read_from_every_gymnasium(script: Any, info: Any, done: bool) -> None:
    assert script.succeeded(info) is done


def test_an_episode_that_begins_elsewhere_is_refused(script: Any) -> None:
    first = {"observation.image": torch.zeros(1, 3, 4, 4)}
    script.check_start(first, {"observation.image": torch.full((1, 3, 4, 4), 0.01)}, [*first])
    with pytest.raises(ValueError, match="does not fix how an episode begins"):
        script.check_start(first, {"observation.image": torch.ones(1, 3, 4, 4)}, [*first])


TOP, SIDE, STATE = "observation.images.top", "observation.images.side", "observation.state"


def seen_at(value: float) -> dict[str, Any]:
    images = {name: torch.full((1, 3, 8, 8), round(255 * value) / 255) for name in (TOP, SIDE)}
    return {**images, STATE: torch.full((1, 2), value), "task": ["lift"]}


@pytest.fixture
def tried(script: Any) -> Any:
    """A policy that has seen two episodes of two steps, as it is."""
    found = script.Episodes.__new__(script.Episodes)
    found.cameras, found.instructions, found.other = [TOP, SIDE], ["lift", "push"], "stay"
    found.first, found.donors, found.sums, found.means, found.looks = {}, {}, {}, {}, 0
    for seed, values in ((7, (0.2, 0.4)), (8, (0.6, 0.8))):
        for step, value in enumerate(values):
            found.note("none", seed, step, seen_at(value))
    return found


@pytest.mark.parametrize(
    ("variant", "top", "side", "state", "task"),
    [
        ("none", 0.2, 0.2, 0.2, "lift"),
        ("black_images", 0.0, 0.0, 0.2, "lift"),
        ("mean_images", 0.5, 0.5, 0.2, "lift"),
        ("only_top", 0.2, 0.0, 0.2, "lift"),
        ("only_side", 0.0, 0.2, 0.2, "lift"),
        ("masked_state", 0.2, 0.2, 0.5, "lift"),
        ("other_episode_images", 0.6, 0.6, 0.2, "lift"),
        ("other_instruction", 0.2, 0.2, 0.2, "push"),
    ],
)
def test_what_a_policy_is_shown(
    tried: Any, variant: str, top: float, side: float, state: float, task: str
) -> None:
    shown = tried.lesioned(variant, 7, 0, seen_at(0.2))
    for name, value in ((TOP, top), (SIDE, side), (STATE, state)):
        assert shown[name].mean() == pytest.approx(value, abs=0.003)
    assert shown["task"] == [task]


def test_another_episodes_images_go_on_and_stay_at_its_end(tried: Any) -> None:
    shown = [tried.lesioned("other_episode_images", 7, step, seen_at(0.2)) for step in range(4)]
    means = [round(float(each[TOP].mean()), 1) for each in shown]
    assert means == [0.6, 0.8, 0.8, 0.8]
    own = tried.lesioned("other_episode_images", 8, 0, seen_at(0.6))
    assert float(own[TOP].mean()) == pytest.approx(0.2, abs=0.003), "never its own"


def test_without_another_task_the_instruction_is_to_do_nothing(tried: Any) -> None:
    tried.instructions = ["lift"]
    assert tried.lesioned("other_instruction", 7, 0, seen_at(0.2))["task"] == ["stay"]
