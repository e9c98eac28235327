"""Policies of a LeRobotDataset, rolled out in a gymnasium environment that fits it, or does not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.validation.validate import check
from ilsweep.trainers.core.registry import load
from ilsweep.trainers.data.features import IMAGES, STATE
from ilsweep.trainers.data.lerobot import reader
from ilsweep.trainers.data.lerobot.config import LeRobotDataConfig
from ilsweep.trainers.data.mistakes import UnusableData
from ilsweep.trainers.data.sources import parse
from ilsweep.trainers.envs.aloha.export import export
from tests.trainers.envs.gym.made_up import HERE
from tests.trainers.tiny import tiny_demonstrations

SMALL = {
    "steps": 2, "batch_size": 4, "log_every": 1, "chunk_size": 4, "dim": 16, "heads": 2,
    "feedforward": 16,
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "cube"
    export(tiny_demonstrations(), folder)
    return folder


def asked(root: Path, kwargs: dict[str, Any] | None = None, **env: Any) -> dict[str, Any]:
    world = {"id": f"{HERE}:Joints", "kwargs": kwargs or {}, "max_steps": 9, **env}
    return {"source": "lerobot", "root": str(root), "env": world}


def spec(data: dict[str, Any], **params: Any) -> dict[str, Any]:
    objective = {"metric": "eval/pc_success", "mode": "max"}
    space = {"kl_weight": {"choice": [1.0, 10.0]}}
    params = {**SMALL, "rollouts": 2, **params}
    return {"name": "x", "trainer": "act", "data": data, "params": params, "space": space,
            "objective": objective}  # fmt: skip


def test_a_policy_acts_in_the_environment_that_the_data_set_names(
    root: Path, tmp_path: Path
) -> None:
    data = asked(root)
    check(spec(data))
    said: list[str] = []
    loaded = parse(data).load(tmp_path, say=said.append)
    assert said == []
    assert loaded.environment is not None
    assert loaded.environment.max_steps == 9
    trainer = load("act")
    run = trainer(trainer.Config(**SMALL, rollouts=3), loaded, seed=0)
    run.train_step()
    found = run.finish()
    assert found["eval/n_episodes"] == 3
    assert 0 <= found["eval/pc_success"] <= 100
    run.close()


def test_what_is_observed_there_is_what_the_data_hold(root: Path, tmp_path: Path) -> None:
    loaded = parse(asked(root)).load(tmp_path)
    assert loaded.environment is not None
    with closing(loaded.environment.make("joint", "source")) as world:
        world.reset(3)
        seen = world.observe()
        assert seen.keys() == set(loaded.observed) == {STATE, IMAGES + "top"}
        for key, values in seen.items():
            assert values.shape[1:] == loaded.source[key].shape[1:]
            assert values.dtype == loaded.source[key].dtype
        target = loaded.source["action"][0]
        assert not world.step(target).terminated
        np.testing.assert_allclose(world.observe()[STATE][0], target, rtol=1e-6)


def test_without_an_environment_there_is_nothing_to_roll_out_in(root: Path) -> None:
    data = {"source": "lerobot", "root": str(root)}
    with pytest.raises(SpecError, match=r"params\.rollouts: a data set has no simulator, got 2"):
        check(spec(data))
    assert not parse(data).has_environment
    assert parse(asked(root)).has_environment


def test_a_demonstration_cannot_be_begun_again_there(root: Path) -> None:
    bc = {**spec(asked(root)), "trainer": "bc", "params": {"steps": 2, "rollouts": 1, "replays": 1},
          "space": {"lr": {"choice": [1e-3, 1e-4]}}}  # fmt: skip
    with pytest.raises(SpecError, match="a data set does not say with which seeds its episodes"):
        check(bc)
    check({**bc, "params": {**bc["params"], "replays": 0}})


def test_where_policies_act_changes_nothing_that_is_read(root: Path) -> None:
    plain = LeRobotDataConfig(root=root)
    there = LeRobotDataConfig.model_validate(asked(root))
    assert reader.fingerprint(plain) == reader.fingerprint(there)


MISFITS = [
    ({"width": 9}, {}, ["data.env.observation.observation.state: observation.state has 14 numbers "
      "in the data set, got '9'; valid: a slice, or a list of keys that are joined"]),
    ({"actions": 7}, {}, ["data.env.action: 14 of the data set's 14 numbers go to an environment "
      "that takes 7; valid: action: {slice: [FIRST, AFTER THE LAST]}"]),
    ({"actions": 7}, {"action": {"slice": [0, 7], "scale": [1, 2]}}, ["data.env.action.scale: one "
      "number for each, got '2'; valid: 1 or 7"]),
    ({"cameras": ["left", "right"], "width": 3}, {}, ["data.env.observation.observation.state: "
      "observation.state has 14 numbers in the data set, got '3'; valid: a slice, or a list of "
      "keys that are joined", "data.env.observation: nothing of the environment is the data set's "
      "observation.images.top; valid: {observation.images.top: KEY}; seen so far: agent_pos, "
      "pixels/left, pixels/right"]),
]  # fmt: skip


@pytest.mark.parametrize(("kwargs", "env", "lines"), MISFITS)
def test_what_does_not_fit_is_refused_before_training(
    root: Path, tmp_path: Path, kwargs: Any, env: Any, lines: list[str]
) -> None:
    with pytest.raises(UnusableData) as refused:
        parse(asked(root, kwargs, **env)).load(tmp_path)
    assert str(refused.value).splitlines() == lines


DIFFERENCES = [
    ({"fps": 25}, {}, "data.env.id: the data set has 12.5 frames a second; render_fps of the "
     "environment is, got '25'; valid: one step a frame of 12.5 Hz"),
    ({"size": [48, 64]}, {}, "data.env.observation.observation.images.top: its images have another "
     "size than the data set's 24 x 32, got '48 x 64'; valid: made smaller"),
    ({"size": [48, 48]}, {}, "data.env.observation.observation.images.top: its images have another "
     "size than the data set's 24 x 32, got '48 x 48'; valid: the same height over width"),
    ({"begin": 7.5}, {}, "data.env.observation.observation.state: number 0 of the state begins far "
     "from the data set's"),
    ({"high": 0.01}, {}, "data.env.action: "),
    ({}, {"action": {"scale": 100}}, "data.env.action: "),
    ({"high": 900.0}, {}, "data.env.action: the data set's span at most 2% of the environment's "
     "range, got 'number 0: "),
]  # fmt: skip


@pytest.mark.parametrize(("kwargs", "env", "line"), DIFFERENCES)
def test_what_differs_is_said_in_one_line_and_trained_on(
    root: Path, tmp_path: Path, kwargs: Any, env: Any, line: str
) -> None:
    said: list[str] = []
    loaded = parse(asked(root, kwargs, **env)).load(tmp_path, say=said.append)
    assert loaded.environment is not None
    (found,) = said
    assert found.startswith(line)


def test_one_camera_is_the_other_whatever_they_are_called(root: Path, tmp_path: Path) -> None:
    loaded = parse(asked(root, {"cameras": ["front"]})).load(tmp_path)
    assert loaded.environment is not None
    with closing(loaded.environment.make("joint", "source")) as world:
        world.reset(0)
        assert IMAGES + "top" in world.observe()


@pytest.mark.parametrize(
    ("env", "line"),
    [
        ({"observation": {"observation.images.topp": "pixels/top"}}, "data.env.observation."
         "observation.images.topp: no camera of the data set, got 'topp'; valid: top"),
        ({"action": {"slice": [0, 15]}}, "data.env.action.slice: the data set's actions have 14 "
         "numbers, got [0, 15]; valid: within 0..14"),
        ({"id": "gym_pushd:X"}, "data.env.id: needs the module gym_pushd, got"),
        ({"max_step": 3}, "data.env.max_step: unknown key, got 'max_step'; valid: max_steps"),
    ],
)  # fmt: skip
def test_what_the_files_show_is_said_by_validate(
    root: Path, env: dict[str, Any], line: str
) -> None:
    with pytest.raises(SpecError) as refused:
        check(spec(asked(root, **env)), here=True)
    assert [str(problem)[: len(line)] for problem in refused.value.problems] == [line]
