"""Object poses, and rewards and physics against gym-aloha's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ilsweep.trainers.envs.aloha.config import Task
from ilsweep.trainers.envs.aloha.simulator import Simulator
from ilsweep.trainers.envs.aloha.tasks import TASKS, insertion_reward, object_poses, transfer_reward
from tests.trainers.demonstrations import recorded, seeds_of

LEFT, RIGHT = "vx300s_left/10_left_gripper_finger", "vx300s_right/10_right_gripper_finger"


@pytest.mark.parametrize("task", ["transfer_cube", "insertion"])
def test_objects_start_upright_and_fill_their_ranges(task: Task) -> None:
    poses = np.array([object_poses(task, seed) for seed in range(500)]).reshape(500, -1, 7)
    low, high = np.array(TASKS[task].low), np.array(TASKS[task].high)
    assert (poses[:, :, :3] >= low).all()
    assert (poses[:, :, :3] <= high).all()
    np.testing.assert_allclose(poses[:, :, :3].min(0), low, atol=0.01)
    np.testing.assert_allclose(poses[:, :, :3].max(0), high, atol=0.01)
    assert (poses[:, :, 3:] == [1, 0, 0, 0]).all()


def test_a_seed_decides_the_poses() -> None:
    one, same, other = (object_poses("insertion", seed) for seed in (2**31, 2**31, 7))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.parametrize(
    ("pairs", "reward"),
    [
        (set(), 0),
        ({("red_box", "table")}, 0),
        ({("red_box", RIGHT), ("red_box", "table")}, 1),
        ({("red_box", RIGHT)}, 2),
        ({("red_box", LEFT), ("red_box", "table")}, 3),
        ({(LEFT, "red_box"), ("red_box", RIGHT)}, 4),
    ],
)
def test_transfer_rewards(pairs: set[tuple[str, str]], reward: int) -> None:
    assert transfer_reward(pairs) == reward


HELD = {("red_peg", RIGHT), ("socket-3", LEFT)}


@pytest.mark.parametrize(
    ("pairs", "reward"),
    [
        ({("red_peg", RIGHT)}, 0),
        (HELD | {("red_peg", "table")}, 1),
        (HELD | {("socket-1", "table")}, 1),
        (HELD, 2),
        (HELD | {("red_peg", "socket-2")}, 3),
        (HELD | {("red_peg", "socket-2"), ("red_peg", "table")}, 1),
        (HELD | {("red_peg", "pin")}, 4),
    ],
)
def test_insertion_rewards(pairs: set[tuple[str, str]], reward: int) -> None:
    assert insertion_reward(pairs) == reward


@pytest.mark.parametrize("task", ["transfer_cube", "insertion"])
def test_an_episode_is_that_of_gym_aloha(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every joint and every reward, tick by tick, through gym-aloha's task and dm_control."""
    demos = recorded(task)
    seed, frames = int(seeds_of(demos.source)[0]), demos.source.frames_of(np.array([0]))
    physics, gym_task = _gym_aloha(task, object_poses(task, seed), monkeypatch)
    with Simulator(task, ticks_per_frame=1) as simulator:
        simulator.reset(seed)
        for action in np.repeat(demos.source["action"][frames].astype(np.float64), 4, axis=0):
            gym_task.before_step(action, physics)
            physics.step(10)
            assert simulator.step(action).reward == gym_task.get_reward(physics)
            np.testing.assert_allclose(simulator.positions(), physics.data.qpos, atol=1e-9)


def _gym_aloha(task: Task, poses: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """gym-aloha's own physics and task, at the start of an episode."""
    monkeypatch.setenv("MUJOCO_GL", "disable")
    from dm_control import mujoco
    from gym_aloha.constants import ASSETS_DIR
    from gym_aloha.tasks import sim

    kind = {"transfer_cube": sim.TransferCubeTask, "insertion": sim.InsertionTask}[task]
    physics = mujoco.Physics.from_xml_path(str(ASSETS_DIR / f"bimanual_viperx_{task}.xml"))
    monkeypatch.setattr(sim, "BOX_POSE", [poses])
    gym_task = kind(random=0)
    with physics.reset_context():
        gym_task.initialize_episode(physics)
    return physics, gym_task
