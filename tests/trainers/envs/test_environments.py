"""The contract that every environment keeps, and that of its recorded demonstrations."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ilsweep.trainers.core.environment import Environment
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.data.features import IMAGES
from ilsweep.trainers.data.sources import parse
from ilsweep.trainers.evaluation.rollout import OpenLoop, rollouts
from tests.trainers.demonstrations import needs_opengl
from tests.trainers.envs.gym.made_up import HERE
from tests.trainers.tiny import tiny_demonstrations

SMALL = {"episodes": 2, "holdout": 0.5, "domains": ["source", "target"]}
METAWORLD = {"source": "metaworld", "task": "reach-v3", **SMALL}
ALOHA = {"source": "aloha", "image_size": [48, 60], **SMALL}
GYM = {"source": "gym", "episodes": 2, "holdout": 0.5, "image_size": [32, 32]}
FETCH_REACH = {
    **GYM,
    "env": {
        "id": "FetchReach-v4",
        "observation": {
            "observation.state": {"key": "observation", "slice": [0, 3]},
            "observation.environment_state": "desired_goal",
        },
    },
    "expert": "ilsweep.trainers.envs.gym.fetch:reach",
}
FETCH_PUSH = {
    **GYM,
    "env": {
        "id": "FetchPush-v4",
        "observation": {
            "observation.state": {"key": "observation", "slice": [0, 3]},
            "observation.images.front": {"camera": "external_camera_0"},
        },
    },
    "expert": "ilsweep.trainers.envs.gym.fetch:push",
    "action_noise": 0.1,
}
FETCH_PICK_AND_PLACE = {
    **GYM,
    "env": {
        "id": "FetchPickAndPlace-v4",
        "observation": {
            "observation.state": {"key": "observation", "slice": [0, 3]},
            "observation.environment_state": [
                {"key": "observation", "slice": [3, 6]}, "desired_goal",
            ],
        },
    },
    "expert": "ilsweep.trainers.envs.gym.fetch:pick_and_place",
}  # fmt: skip
PUSHT = {
    **GYM,
    "env": {
        "id": "gym_pusht/PushT-v0",
        "kwargs": {"obs_type": "environment_state_agent_pos"},
    },
    "expert": "ilsweep.trainers.envs.gym.pusht:expert",
}
PUSHT_PIXELS = {
    **PUSHT,
    "env": {"id": "gym_pusht/PushT-v0", "kwargs": {"obs_type": "pixels_agent_pos"}},
}
POINT = {**GYM, "env": {"id": f"{HERE}:Point", "max_steps": 30}, "expert": f"{HERE}:straight"}
ARM = {
    **GYM,
    "env": {
        "id": f"{HERE}:Arm",
        "max_steps": 30,
        "observation": {
            "observation.state": [
                "robot_state/eef/pos",
                {"key": "robot_state/eef/quat", "axis_angle": True},
                "robot_state/gripper/qpos",
            ]
        },
    },
    "expert": f"{HERE}:reaching",
}


def tiny(_: Path) -> Demonstrations:
    return tiny_demonstrations(episodes=4, domains=("source", "target"), observation="state")


def recorded(data: dict[str, object]) -> Callable[[Path], Demonstrations]:
    return lambda cache_dir: parse(data).load(cache_dir)


WORLDS = {
    "tiny": tiny,
    "aloha-state": recorded({**ALOHA, "observation": "state"}),
    "metaworld-state": recorded({**METAWORLD, "observation": "state"}),
    "aloha-images": recorded(ALOHA),
    "metaworld-images": recorded({**METAWORLD, "image_size": [32, 32]}),
    "fetch-reach-state": recorded({**FETCH_REACH, "observation": "state"}),
    "fetch-pick-and-place-state": recorded({**FETCH_PICK_AND_PLACE, "observation": "state"}),
    "fetch-push-images": recorded(FETCH_PUSH),
    "pusht-state": recorded({**PUSHT, "observation": "state"}),
    "pusht-pixels": recorded(PUSHT_PIXELS),
    "point-pixels": recorded(POINT),
    "arm-pixels": recorded(ARM),
}
SEEN = [
    pytest.param(name, marks=needs_opengl) if name.endswith("images") else name for name in WORLDS
]
"""Images need OpenGL, pixels do not."""


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Demonstrations]:
    folder = tmp_path_factory.mktemp("cache")
    return cache(lambda name: WORLDS[name](folder))


@pytest.fixture(params=SEEN)
def data(request: pytest.FixtureRequest, worlds: Callable[[str], Demonstrations]) -> Demonstrations:
    return worlds(request.param)


@pytest.fixture
def world(data: Demonstrations) -> Iterator[Environment]:
    assert data.environment is not None
    control, variant = data.control(None).name, data.source.name
    with closing(data.environment.make(control, variant)) as environment:
        yield environment


def episode(world: Environment, data: Demonstrations, seed: int, steps: int = 4) -> list[object]:
    """All that a policy could see of a short episode."""
    width = data.source[data.control(None).action.key].shape[1]
    actions = 0.05 * np.random.default_rng(0).standard_normal((steps, width))
    world.reset(seed)
    seen: list[object] = []
    for action in actions:
        seen += [*world.observe().values(), world.step(action)]
    return seen


def same(first: list[object], second: list[object]) -> bool:
    pairs = zip(first, second, strict=True)
    return all(
        np.array_equal(a, b) if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) else a == b
        for a, b in pairs
    )


def test_the_seed_alone_decides_an_episode(world: Environment, data: Demonstrations) -> None:
    first = {seed: episode(world, data, seed) for seed in (3, 2**31, 5)}
    for seed in (2**31, 5, 3):
        assert same(first[seed], episode(world, data, seed))
    assert not same(first[3], first[5])


def test_every_domain_and_control_is_made_from_the_pickled_specification(
    data: Demonstrations,
) -> None:
    specification = pickle.loads(pickle.dumps(data.environment))
    for domain in filter(None, (data.source, data.target)):
        for name, control in data.controls.items():
            with closing(specification.make(name, domain.name)) as environment:
                environment.reset(1)
                seen = environment.observe()
                assert set(seen) == set(data.observed)
                for key, values in seen.items():
                    assert values.shape == (1, *domain[key].shape[1:])
                    assert values.dtype == domain[key].dtype
                environment.step(domain[control.action.key][0])


@pytest.mark.parametrize("name", [name for name in SEEN if name != "tiny"])
def test_the_recorded_first_frame_is_what_is_seen_after_a_reset(
    name: str, worlds: Callable[[str], Demonstrations]
) -> None:
    data = worlds(name)
    assert data.environment is not None
    for domain in filter(None, (data.source, data.target)):
        assert domain.seeds is not None
        with closing(data.environment.make(data.control(None).name, domain.name)) as environment:
            environment.reset(int(domain.seeds[0]))
            for key, values in environment.observe().items():
                np.testing.assert_array_equal(values[0], domain[key][0])


def test_an_impossible_action_is_refused(world: Environment, data: Demonstrations) -> None:
    width = data.source[data.control(None).action.key].shape[1]
    world.reset(0)
    for action in (np.zeros(width + 1), np.zeros((1, width)), np.full(width, np.nan)):
        with pytest.raises(ValueError, match="action"):
            world.step(action)


def test_rewards_lie_in_their_range_and_episodes_end(
    world: Environment, data: Demonstrations
) -> None:
    class Wild:
        def predict_chunk(self, observation: object) -> np.ndarray:
            return np.random.default_rng(0).uniform(-1, 1, (5, width))

    assert data.environment is not None
    width = data.source[data.control(None).action.key].shape[1]
    result = rollouts(Wild(), world, [7], OpenLoop(5), min(20, data.environment.max_steps))
    low, high = data.environment.reward_range
    assert low <= result.max_rewards[0] <= high
    assert 1 <= result.frames[0] <= 20


def test_closing_twice_does_nothing(world: Environment) -> None:
    world.close()
    world.close()


@needs_opengl
@pytest.mark.parametrize("name", ["aloha-images", "metaworld-images"])
def test_domains_look_different(name: str, worlds: Callable[[str], Demonstrations]) -> None:
    data = worlds(name)
    assert data.target is not None
    for camera in data.source.cameras:
        assert camera.startswith(IMAGES)
        source, target = (d[camera][0].astype(float) for d in (data.source, data.target))
        assert source.std() > 5
        assert abs(source - target).mean() > 5
