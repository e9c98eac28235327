"""Episodes that do not depend on what came before, and pictures of two domains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from ilsweep.trainers.core.environment import StepResult
from ilsweep.trainers.data.dataset import cameras_of
from ilsweep.trainers.data.features import IMAGES
from ilsweep.trainers.envs.aloha.config import Camera, DataConfig, Task
from ilsweep.trainers.envs.aloha.simulator import (
    Simulator,
    environment,
    finger_position,
    gripper_opening,
)
from ilsweep.trainers.envs.rendering import NoOpenGL, check_opengl
from tests.trainers.demonstrations import needs_opengl


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator("transfer_cube", sees_state=True) as made:
        yield made


def wander(simulator: Simulator, seed: int, frames: int = 6) -> np.ndarray:
    """Everything measured along some random motion."""
    rng = np.random.default_rng(seed)
    simulator.reset(seed)
    path = simulator.joints() + np.cumsum(rng.normal(0, 0.05, (frames, 14)), axis=0)
    rows = []
    for action in path:
        reward = simulator.step(action).reward
        measured = simulator.joints(), simulator.tools(), simulator.object_poses()
        rows.append(np.concatenate([[reward], *measured]))
    return np.array(rows)


def test_episodes_do_not_depend_on_their_order(simulator: Simulator) -> None:
    first = {seed: wander(simulator, seed) for seed in (3, 1, 2)}
    for seed in (2, 3, 1):
        np.testing.assert_array_equal(wander(simulator, seed), first[seed])
    with Simulator("transfer_cube", sees_state=True) as fresh:
        np.testing.assert_array_equal(wander(fresh, 1), first[1])


def test_another_seed_is_another_episode(simulator: Simulator) -> None:
    assert (wander(simulator, 1)[0] != wander(simulator, 2)[0]).any()


@pytest.mark.parametrize("control", ["joint", "ee"])
def test_holding_the_measured_pose_keeps_it(control: str) -> None:
    with Simulator("transfer_cube", control=control) as simulator:  # type: ignore[arg-type]
        simulator.reset(0)
        start = simulator.joints()
        hold = start if control == "joint" else simulator.tools()
        for _ in range(5):
            simulator.step(hold)
        np.testing.assert_allclose(simulator.joints(), start, atol=0.03)


def test_end_effector_control_moves_the_tools_there() -> None:
    with Simulator("transfer_cube", control="ee") as simulator:
        simulator.reset(0)
        goal = simulator.tools()
        goal[[0, 10]] += [0.05, 0.04]
        for _ in range(25):
            simulator.step(goal)
        np.testing.assert_allclose(simulator.tools()[[0, 1, 2, 8, 9, 10]],
                                   goal[[0, 1, 2, 8, 9, 10]], atol=0.012)  # fmt: skip


@pytest.mark.parametrize(
    ("control", "action", "says"),
    [
        ("joint", np.zeros(16), r"joint action has the shape \(14,\), got \(16,\)"),
        ("ee", np.zeros((1, 16)), r"ee action has the shape \(16,\), got \(1, 16\)"),
        ("joint", np.full(14, np.nan), "must be finite"),
    ],
)
def test_an_impossible_action_is_refused(control: str, action: np.ndarray, says: str) -> None:
    with Simulator("transfer_cube", control=control) as simulator:  # type: ignore[arg-type]
        simulator.reset(0)
        with pytest.raises(ValueError, match=says):
            simulator.step(action)


def test_a_breakdown_of_the_physics_ends_the_episode(
    simulator: Simulator, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    simulator.reset(0)
    simulator._data.qvel[:] = 1e12
    assert simulator.step(simulator.joints()).terminated
    assert simulator.step(np.zeros(14)) == StepResult(0, False, terminated=True)
    simulator.reset(0)
    assert not simulator.step(simulator.joints()).terminated
    assert not list(tmp_path.iterdir())  # type: ignore[attr-defined]


def test_grippers_are_normalised_both_ways() -> None:
    opening = np.linspace(0, 1, 5)
    np.testing.assert_allclose(gripper_opening(finger_position(opening)), opening)


@needs_opengl
@pytest.mark.parametrize("task", ["transfer_cube", "insertion"])
def test_domains_look_different_and_behave_the_same(task: Task) -> None:
    cameras: tuple[Camera, ...] = ("top", "angle", "front_close", "left_pillar", "right_pillar")
    seen = []
    for domain in ("source", "target"):
        with Simulator(task, domain=domain, cameras=cameras[:3]) as simulator:
            wander(simulator, 5)
            seen.append(simulator.observe())
    np.testing.assert_array_equal(seen[0]["observation.state"], seen[1]["observation.state"])
    for camera in cameras[:3]:
        source, target = (view[IMAGES + camera].astype(float) for view in seen)
        assert source.shape == (1, 64, 80, 3)
        assert source.std() > 10
        assert abs(source - target).mean() > 10


@needs_opengl
def test_a_world_that_is_drawn_for_a_film_behaves_as_one_that_is_not() -> None:
    world = environment(DataConfig(observation="state", image_size=(24, 32)))
    assert world.draw is not None
    assert environment(DataConfig()).draw is None, "its policy looks itself"
    seen = []
    for drawn in (False, True):
        with closing(world.make("joint", "source")) as simulator:
            simulator.reset(3)
            for _ in range(4):
                simulator.step(np.full(14, 0.1))
                picture = world.draw(simulator) if drawn else None
            seen.append(simulator.observe())
    assert picture is not None
    assert picture.shape == (24, 32, 3)
    assert picture.std() > 10
    assert seen[0].keys() == seen[1].keys()
    for name, values in seen[0].items():
        np.testing.assert_array_equal(values, seen[1][name])


@needs_opengl
def test_the_objects_can_be_seen() -> None:
    with Simulator("transfer_cube", cameras=("top", "angle")) as simulator:
        images = []
        for seed in (1, 2):
            simulator.reset(seed)
            images.append(simulator.render())
    for camera in ("top", "angle"):
        changed = (images[0][camera] != images[1][camera]).any(-1)
        assert 4 <= changed.sum() < 200


@needs_opengl
def test_a_scene_that_is_brought_back_looks_the_same() -> None:
    with Simulator("insertion", cameras=("angle",)) as simulator:
        wander(simulator, 4)
        scene, image = simulator.positions(), simulator.render()["angle"]
        wander(simulator, 5)
        assert (simulator.render()["angle"] != image).any()
        simulator.show(scene)
        np.testing.assert_array_equal(simulator.render()["angle"], image)


@needs_opengl
def test_closing_frees_the_context_once() -> None:
    simulator = Simulator("transfer_cube", cameras=("top",))
    simulator.close()
    simulator.close()
    assert simulator.render() == {}


def test_no_opengl_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "disable")
    with pytest.raises(NoOpenGL, match="switched off by MUJOCO_GL=disable"):
        check_opengl()
    with Simulator.of(DataConfig()) as simulator, pytest.raises(NoOpenGL):
        simulator.observe()
    with Simulator.of(DataConfig(observation="state")) as simulator:
        assert not cameras_of(simulator.observe())


def test_a_driver_that_fails_means_no_opengl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "egl")
    monkeypatch.setenv("MUJOCO_EGL_DEVICE_ID", "99")
    monkeypatch.setattr("mujoco.egl.EGL_DISPLAY", None)
    with pytest.raises(NoOpenGL, match="no OpenGL context could be made"):
        check_opengl()
