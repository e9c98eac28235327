"""A gymnasium environment as an `Environment`: its maps, success, its expert."""

from __future__ import annotations

import importlib
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.data.features import ACTION, ENVIRONMENT, IMAGES, STATE
from ilsweep.trainers.data.gym_env import ActionMap, GymEnv, Success
from ilsweep.trainers.data.mistakes import UnusableData
from ilsweep.trainers.data.sources import parse
from ilsweep.trainers.envs.gym import environment as gym_environment
from ilsweep.trainers.envs.gym.environment import GymEnvironment
from ilsweep.trainers.envs.gym.facts import tried
from ilsweep.trainers.envs.gym.observation import axis_angle
from ilsweep.trainers.evaluation import controls
from ilsweep.trainers.evaluation.rollout import replay
from tests.trainers.envs.gym.made_up import HERE, SPEED

POINT = {"id": f"{HERE}:Point", "max_steps": 30}


def recorded(folder: Path, env: dict[str, Any] | None = None, **data: Any) -> Demonstrations:
    small = {"episodes": 2, "holdout": 0.5, "image_size": [24, 32]}
    asked = {"source": "gym", "env": {**POINT, **(env or {})}, "expert": f"{HERE}:straight"}
    return parse({**asked, **small, **data}).load(folder)


@pytest.fixture(scope="module")
def point(tmp_path_factory: pytest.TempPathFactory) -> Demonstrations:
    return recorded(tmp_path_factory.mktemp("cache"))


def test_the_usual_names_need_no_map(point: Demonstrations) -> None:
    assert point.source.cameras == (IMAGES + "top",)
    assert {STATE, ENVIRONMENT, ACTION} < point.source.features.keys()
    assert point.observed == (IMAGES + "top", STATE)


def test_the_recorded_actions_are_those_that_lead_from_frame_to_frame(
    point: Demonstrations,
) -> None:
    starts = point.source.episode_starts
    for first, after in pairwise(starts):
        states = point.source[STATE][first:after]
        moved = states[:-1] + SPEED * point.source[ACTION][first : after - 1]
        np.testing.assert_allclose(states[1:], moved, atol=1e-6)


def test_noise_is_executed_and_the_experts_own_action_recorded(tmp_path: Path) -> None:
    noisy = recorded(tmp_path, action_noise=0.3)
    states, goals, actions = (noisy.source[key] for key in (STATE, ENVIRONMENT, ACTION))
    wanted = np.clip((goals - states) / SPEED, -1, 1)
    np.testing.assert_allclose(actions, wanted, atol=1e-5)
    inside = np.diff(noisy.source.episode_starts)[0] - 1
    off = (states[1:] - states[:-1])[:inside] / SPEED - actions[:inside]
    assert off.std() > 0.05


def test_a_map_names_slices_joined_keys_and_what_is_rendered(tmp_path: Path) -> None:
    observed = {
        STATE: ["agent_pos", {"key": "environment_state", "slice": [1, 2]}],
        IMAGES + "front": "render",
        IMAGES + "back": {"key": "pixels/top", "upside_down": True},
    }
    data = recorded(tmp_path, {"observation": observed})
    states, goals = data.source[STATE], data.source[ENVIRONMENT]
    assert states.shape[1] == 3
    np.testing.assert_array_equal(states[:, 2], goals[:, 1])
    top, back = data.source[IMAGES + "top"], data.source[IMAGES + "back"]
    np.testing.assert_array_equal(top[:, ::-1, ::-1], back)
    assert data.source[IMAGES + "front"].shape[1:] == (24, 32, 3)


def test_pictures_are_drawn_when_they_are_asked_for_alone(
    point: Demonstrations, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = recorded(tmp_path, {"observation": {IMAGES + "front": "render"}})
    assert data.environment is not None
    with closing(data.environment.make("action", "source")) as world:
        assert isinstance(world, GymEnvironment)
        drawn, inner = [], world.gym.render

        def draws() -> Any:
            drawn.append(1)
            return inner()

        monkeypatch.setattr(world.gym, "render", draws)
        world.reset(0)
        for _ in range(5):
            world.step(np.zeros(2))
        assert not drawn
        world.observe()
        assert len(drawn) == 1


@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4), st.floats(0.1, 4), st.floats(-1, 1))
def test_an_action_is_sliced_scaled_moved_and_cut(
    values: list[float], scale: float, offset: float
) -> None:
    class Space:
        shape, dtype, low, high = (2,), np.dtype(np.float32), -1.0, 1.0

    action = np.array(values)
    mapped = ActionMap(slice=(1, 3), scale=(scale, 1.0), offset=offset)
    taken = gym_environment.to_environment(mapped, action, Space)
    wanted = np.clip(action[1:3] * (scale, 1.0) + offset, -1, 1)
    np.testing.assert_allclose(taken, wanted, rtol=1e-6, atol=1e-6)
    assert taken.dtype == np.float32
    free = gym_environment.to_environment(ActionMap(clip=False), action[:2], Space)
    np.testing.assert_allclose(free, action[:2], rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize(
    ("success", "reward", "terminated", "info", "done"),
    [
        ("is_success", 0.0, False, {"is_success": np.True_}, True),
        ("is_success", 1.0, True, {"is_success": 0.0}, False),
        ("is_success", 1.0, True, {}, False),
        ("inner/near", 0.0, False, {"inner": {"near": [True]}}, True),
        ("terminated", 0.0, True, {}, True),
        ({"reward": 0.95}, 0.95, False, {"is_success": False}, True),
        ({"reward": 0.95}, 0.94, False, {"is_success": True}, False),
    ],
)
def test_success_is_what_the_configuration_says(
    success: Any, reward: float, terminated: bool, info: dict[str, Any], done: bool
) -> None:
    asked = GymEnv.model_validate({**POINT, "success": success}).success
    assert isinstance(asked, Success)
    assert gym_environment.succeeded(asked, reward, terminated, info) is done


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3), st.floats(0.01, 6.2))
def test_a_quaternion_becomes_axis_times_angle(axis: list[float], angle: float) -> None:
    direction = np.array(axis)
    if np.linalg.norm(direction) < 0.1:
        direction = np.array([0.0, 0.0, 1.0])
    direction /= np.linalg.norm(direction)
    quaternion = np.append(np.sin(angle / 2) * direction, np.cos(angle / 2))
    np.testing.assert_allclose(
        axis_angle(quaternion.astype(np.float32)), angle * direction, atol=5e-3
    )
    assert not axis_angle(np.array([0, 0, 0, 1], np.float32)).any()


def test_an_observation_that_is_not_finite_ends_a_rollout_without_success(tmp_path: Path) -> None:
    data = recorded(tmp_path, observation="state")
    assert data.environment is not None
    with closing(data.environment.make("action", "source")) as world:
        world.reset(0)
        world.gym.unwrapped.fault = "nan"  # type: ignore[attr-defined]
        results = [world.step(np.zeros(2)) for _ in range(3)]
        assert [result.terminated for result in results] == [False, False, True]
        assert not results[-1].success
        assert all(np.isfinite(values).all() for values in world.observe().values())


ARM = {
    STATE: [
        "robot_state/eef/pos",
        {"key": "robot_state/eef/quat", "axis_angle": True},
        "robot_state/gripper/qpos",
    ]
}


@pytest.fixture(params=[f"{HERE}:Arm", f"{HERE}:arm"])
def arm(request: pytest.FixtureRequest, tmp_path: Path) -> Demonstrations:
    env = {"id": request.param, "observation": ARM}
    return recorded(tmp_path, env, expert=f"{HERE}:reaching", image_size=[32, 32])


def test_an_environment_of_liberos_form(arm: Demonstrations) -> None:
    """Position, rotation as axis and angle, gripper; two images; seven numbers of an action."""
    assert arm.source.cameras == (IMAGES + "image", IMAGES + "image2")
    states, actions = arm.source[STATE], arm.source[ACTION]
    assert (states.shape[1], actions.shape[1]) == (8, 7)
    starts = arm.source.episode_starts
    np.testing.assert_allclose(states[starts[:-1], 3:6], [[0, 0, 0.1]] * 2, atol=1e-5)
    length = starts[1]
    turned = states[1:length, 5] - states[: length - 1, 5]
    np.testing.assert_allclose(turned, 0.05 * actions[: length - 1, 5], atol=1e-5)
    np.testing.assert_allclose(states[1:length, 6], 1.0)


def test_recording_in_processes_gives_what_one_thread_gives(tmp_path: Path) -> None:
    few, many = (recorded(tmp_path, episodes=n, holdout=0.5).source for n in (2, 8))
    frames = few.episode_starts[-1]
    assert len(many.episode_starts) == 9
    for key, values in few.features.items():
        np.testing.assert_array_equal(values, many[key][:frames])


def test_an_expert_that_changes_is_recorded_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    expert = tmp_path / "own_expert.py"
    way = "seen['environment_state'] - seen['agent_pos']"
    body = f"def act(env):\n    return lambda seen: ({way}) * {{}}"
    lengths = []
    for gain in (5, 1.0):  # of another length, so that no compiled file is taken for its
        expert.write_text(body.format(gain))
        monkeypatch.delitem(sys.modules, "own_expert", raising=False)
        importlib.invalidate_caches()
        data = recorded(tmp_path / "cache", expert="own_expert:act", observation="state")
        lengths.append(int(data.source.episode_starts[-1]))
    assert lengths[1] > lengths[0]


def test_the_registered_length_and_rate_are_known() -> None:
    facts = tried(GymEnv.model_validate({"id": "Pendulum-v1", "success": {"reward": -0.1}}), False)
    assert (facts.max_steps, facts.fps, facts.action) == (200, 30.0, ((-2.0,), (2.0,)))
    assert facts.features.keys() == {STATE}


def test_the_expert_and_the_noise_are_there_for_the_controls(tmp_path: Path) -> None:
    data = recorded(tmp_path, action_noise=0.3)
    assert controls.expert(data, range(5), "any").percent("any") == 100
    world, domain = data.environment, data.source
    assert world is not None
    assert domain.seeds is not None
    assert world.noise is not None
    for episode, seed in enumerate(domain.seeds.tolist()):
        frames = domain.frames_of(np.array([episode]))
        with closing(world.make("action", "source")) as environment:
            steps = replay(domain[ACTION][frames], world, environment, seed)
        assert [step.success for step in steps] == [False] * (len(frames) - 1) + [True]


def test_noise_needs_a_range(tmp_path: Path) -> None:
    with pytest.raises(UnusableData, match="noise is a share of the range of the actions, which"):
        recorded(tmp_path, {"kwargs": {"low": -np.inf, "high": np.inf}}, action_noise=0.1)
