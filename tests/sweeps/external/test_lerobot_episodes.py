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
