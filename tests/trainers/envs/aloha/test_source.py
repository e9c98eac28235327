"""Recorded demonstrations: successful, repeatable, cached."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ilsweep.trainers.data import array_cache
from ilsweep.trainers.data.dataset import Demonstrations, Domain
from ilsweep.trainers.data.features import ENVIRONMENT, STATE
from ilsweep.trainers.data.mistakes import UnusableData
from ilsweep.trainers.envs.aloha import source as aloha
from ilsweep.trainers.envs.aloha.config import Control, DataConfig, Task
from ilsweep.trainers.envs.aloha.layout import CONTROLS, EE_ACTION, EE_GROUPS, EE_POSE
from ilsweep.trainers.envs.aloha.recording import record
from ilsweep.trainers.envs.aloha.simulator import Simulator
from ilsweep.trainers.envs.recorded import Recorder
from ilsweep.trainers.envs.rendering import NoOpenGL
from ilsweep.trainers.evaluation.rollout import EVALUATION_SEEDS, replay
from tests.trainers.demonstrations import config_of, needs_opengl, recorded, seeds_of

TASKS: tuple[Task, ...] = ("transfer_cube", "insertion")


def domains(demos: Demonstrations) -> list[Domain]:
    assert demos.target is not None
    return [demos.source, demos.target]


@pytest.mark.parametrize("task", TASKS)
def test_only_successes_are_kept_and_domains_differ(task: Task) -> None:
    source, target = domains(recorded(task))
    for domain in (source, target):
        assert len(domain.train_episodes) == len(domain.heldout_episodes) == 1
        assert 0 <= seeds_of(domain).min() <= seeds_of(domain).max() < EVALUATION_SEEDS.start
    assert not set(seeds_of(source)) & set(seeds_of(target))


@pytest.mark.parametrize("control", ["joint", "ee"])
@pytest.mark.parametrize("task", TASKS)
def test_recorded_actions_succeed_when_replayed(task: Task, control: Control) -> None:
    """Both controls lead through the recorded measurements, bit for bit."""
    demos = recorded(task)
    domain, world = demos.source, demos.environment
    assert world is not None
    with Simulator.of(config_of(demos), control=control) as simulator:
        for episode in range(2):
            frames = domain.frames_of(np.array([episode]))
            actions = domain[CONTROLS[control].action.key][frames]
            ended = replay(actions, world, simulator, int(seeds_of(domain)[episode]))
            assert max(step.reward for step in ended) == 4
            assert [step.success for step in ended] == [step.reward == 4 for step in ended]
            simulator.reset(int(seeds_of(domain)[episode]))
            for frame, action in zip(frames, actions, strict=True):
                seen = simulator.observe()
                for name in (STATE, EE_POSE, ENVIRONMENT):
                    np.testing.assert_array_equal(seen[name][0], domain[name][frame])
                simulator.step(action)


@pytest.mark.parametrize("task", TASKS)
def test_quaternions_are_unit_and_do_not_jump(task: Task) -> None:
    demos = recorded(task)
    for values in (demos.source[EE_POSE], demos.source[EE_ACTION]):
        for group in EE_GROUPS:
            if group.kind == "rotation":
                rotation = values[demos.source.frames_of(np.array([0]))][:, group.slice]
                np.testing.assert_allclose(np.linalg.norm(rotation, axis=1), 1, atol=1e-5)
                assert abs(np.diff(rotation, axis=0)).max() < 0.25


@pytest.mark.parametrize("task", TASKS)
def test_joint_actions_do_not_jump(task: Task) -> None:
    demos = recorded(task)
    for episode in range(2):
        actions = demos.source["action"][demos.source.frames_of(np.array([episode]))]
        arms = np.delete(actions, [6, 13], axis=1)
        assert abs(np.diff(arms, axis=0)).max() < 0.3


@pytest.mark.parametrize("task", TASKS)
def test_aligned_frames_are_at_the_same_stage(task: Task) -> None:
    demos = recorded(task)
    source, target = domains(demos)
    assert demos.alignment is not None
    frames = source.train_frames
    aligned = demos.alignment.target_frame[frames]
    assert abs(source.phase[frames] - target.phase[aligned]).mean() < 0.25


@pytest.mark.parametrize("task", TASKS)
def test_the_expert_succeeds_with_nearly_every_seed(task: Task) -> None:
    config = DataConfig(task=task, observation="state")
    attempts = [record(config, "source", seed) for seed in range(100, 105)]
    assert sum(attempt is not None for attempt in attempts) >= 4


def small(**changes: object) -> DataConfig:
    return DataConfig.model_validate(
        {"episodes": 2, "image_size": [16, 20], "cameras": ["top", "angle"], **changes}
    )


def assert_equal(a: Demonstrations, b: Demonstrations, frames: slice = slice(None)) -> None:
    assert a.source.features.keys() == b.source.features.keys()
    for key in a.source.features:
        np.testing.assert_array_equal(a.source[key][frames], b.source[key][frames])


@needs_opengl
def test_recording_is_the_same_here_and_in_processes(tmp_path: Path) -> None:
    """Two episodes are recorded in this process, eight in others; the first two are the same."""
    here = small().load(tmp_path / "a")
    assert_equal(here, small().load(tmp_path / "b"))
    spawned = small(episodes=8).load(tmp_path / "c")
    assert_equal(here, spawned, slice(0, len(here.source["observation.state"])))


@needs_opengl
def test_a_rollout_shows_the_recorded_images(tmp_path: Path) -> None:
    demos = small().load(tmp_path)
    with Simulator.of(config_of(demos)) as simulator:
        simulator.reset(int(seeds_of(demos.source)[0]))
        for frame in range(12):
            seen = simulator.observe()
            assert demos.source.cameras
            assert set(demos.source.cameras) < seen.keys()
            for key, values in seen.items():
                np.testing.assert_array_equal(values[0], demos.source[key][frame])
            simulator.step(demos.source["action"][frame])


def test_a_second_load_reads_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int, str]] = []
    config = small(observation="state")
    first = config.load(tmp_path, lambda *facts: told.append(facts))
    assert told[0] == (0, 2, "recording demonstrations")
    assert told[-1] == (2, 2, "recording demonstrations")
    monkeypatch.setattr(Recorder, "_arrays", None)
    assert_equal(first, config.load(tmp_path))


def test_a_damaged_cache_is_recorded_again_with_a_line(tmp_path: Path) -> None:
    config = small(observation="state")
    first = config.load(tmp_path)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    (folder / "source/action.npy").write_bytes(b"nonsense")
    said: list[str] = []
    assert_equal(first, config.load(tmp_path, say=said.append))
    assert len(said) == 1
    assert "source/action.npy is not as it was written" in said[0]
    assert array_cache.damage(folder) is None


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"episodes": 3}, {"rate_hz": 25}, {"task": "insertion"}]
)
def test_another_configuration_is_another_entry(change: dict[str, object]) -> None:
    assert aloha.RECORDER.fingerprint(small()) == aloha.RECORDER.fingerprint(small())
    assert aloha.RECORDER.fingerprint(small(**change)) != aloha.RECORDER.fingerprint(small())


def test_an_expert_that_always_fails_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hopeless = replace(aloha.RECORDER, record=lambda config, name, seed: None)
    monkeypatch.setattr(aloha, "RECORDER", hopeless)
    with pytest.raises(UnusableData, match="the expert succeeded in 0 of 10 attempts, got '2'"):
        small(observation="state").load(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_images_without_opengl_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUJOCO_GL", "disable")
    with pytest.raises(NoOpenGL):
        small().load(tmp_path)
    assert not list(tmp_path.iterdir())
