"""What is wrong with an environment or its expert is one line, before anything is trained."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.validation.validate import check
from ilsweep.trainers.data import gym_env, gym_ids
from ilsweep.trainers.data.gym_env import GymEnv
from ilsweep.trainers.data.mistakes import UnusableData
from ilsweep.trainers.data.sources import parse
from ilsweep.trainers.envs.gym import making
from tests.trainers.envs.gym.made_up import HERE, Point

SPEC = {"name": "x", "trainer": "act", "space": {"lr": {"choice": [0.1, 0.2]}}}


def asked(env: dict[str, Any], **data: Any) -> dict[str, Any]:
    point = {"id": f"{HERE}:Point", "max_steps": 30, **env}
    small = {"episodes": 2, "holdout": 0.5, "observation": "state"}
    return {"source": "gym", "env": point, "expert": f"{HERE}:straight", **small, **data}


def faulty(fault: str, **env: Any) -> dict[str, Any]:
    return asked({"kwargs": {"fault": fault}, **env})


IMAGES = {"observation": "images", "image_size": [24, 32]}
RENDERED = {"observation": {"observation.images.front": "render"}}
FORM = "valid: reset() -> (observation, info), step() -> five values"
TRIED = [
    (faulty("seed"), "data.env.id: its reset ignores the seed: with the same seed and actions, "
     "agent_pos differs; valid: an environment whose reset(seed=...) decides the whole episode"),
    (faulty("steps"), "data.env.id: its steps are random: with the same seed and actions"),
    (faulty("shape"), "data.env.id: its observation 'agent_pos' changes its shape after 3 steps, "
     "(2,) before, got '(3,)'; valid: the same shape at each step"),
    (faulty("keys"), "data.env.id: its observation has other keys after 3 steps, got 'another'"),
    (faulty("nan"), "data.env.id: its observation is not finite, got 'agent_pos'; valid: finite"),
    (faulty("reward"), "data.env.id: its reward is not finite, got 'nan'"),
    (faulty("no actions"), "data.env.id: its actions are no vector of numbers, got "
     "'no action_space'; valid: an action space Box"),
    (faulty("no reward"), f"data.env.id: its reward is no number, got 'None'; {FORM}"),
    (faulty("no info"), f"data.env.id: its info is no dictionary, got 'None'; {FORM}"),
    (faulty("old reset"), f"data.env.id: its reset answers a dict; {FORM}"),
    (faulty("old step"), f"data.env.id: its step answers 4 values; {FORM}"),
    (faulty("none"), "data.env.id: its observation 'agent_pos' changes its shape after 3 steps"),
    (faulty("ragged"), "data.env.id: its observation 'agent_pos' is no array, got '[[0.0], [0.0"),
    (faulty("step"), "data.env.id: step raised KeyError: 'joint7', got"),
    (faulty("making"), "data.env.id: making it raised OSError: no assets in /nowhere, got"),
    (faulty("close"), "data.env.id: close raised RuntimeError: cannot close, got"),
    (faulty("display"), "data.env.id: needs a display: making it raised No available video device, "
     f"got '{HERE}:Point'; valid: a screen, MUJOCO_GL=egl, SDL_VIDEODRIVER=dummy, or "
     "kwargs: {render_mode: rgb_array}"),
    ({**faulty("render", **RENDERED), **IMAGES}, "data.env.id: needs a display: render"),
    (faulty("crash"), "data.env.id: it ends the process that makes, resets and steps it, as a "
     f"crash in C code does, got '{HERE}:Point'"),
    ({**faulty("late crash"), "expert": f"{HERE}:still", "episodes": 20}, "data.source: a process "
     "that recorded demonstrations was ended, as by a crash in C code, got 'gym'"),
    (faulty("discrete"), "data.env.id: its actions are no vector of numbers, got 'Discrete(4)'; "
     "valid: an action space Box"),
    (faulty("success"), "data.env.success: never in its info in 30 steps, got 'is_success or "
     "success'; valid: a key of its info (inner), terminated, or {reward: AT LEAST}"),
    (asked({"success": "won"}), "data.env.success: never in its info in 30 steps, got 'won'; "
     "valid: a key of its info (inner, is_success), terminated, or {reward: AT LEAST}"),
    (faulty("words"), "data.env.success: is_success of its info is no flag, got 'no'; valid: true"),
    (asked({"max_steps": None}), "data.env.max_steps: it is registered without a length of its "
     "episodes, and may never end; valid: a number of actions"),
    (asked({"id": f"{HERE}:Pont"}), "data.env.id: no environment of this name, got "
     f"'{HERE}:Pont'; valid: Point"),
    (asked({"id": "FetchReech-v4"}), "data.env.id: no environment of this name, got "
     "'FetchReech-v4'; valid: FetchReach-v"),
    (asked({"id": f"{HERE}:not_an_environment"}), "data.env.id: leads to a dict, got"),
    (asked({"kwargs": {"size": 3}}), "data.env.id: making it raised TypeError: Point.__init__() "
     "got an unexpected keyword argument 'size'"),
    (asked({"observation": {"observation.state": "agent_poss"}}), "data.env.observation.observation"
     ".state: not in the observation, got 'agent_poss'; valid: agent_pos, environment_s"),
    (asked({"observation": {"observation.state": {"key": "agent_pos", "slice": [1, 3]}}}),
     "data.env.observation.observation.state: 'agent_pos' has 2 numbers, got '[1, 3]'; valid: 0."),
    (asked({"observation": {"observation.state": "pixels/top"}}), "data.env.observation.observation"
     ".state: 'pixels/top' is no vector of numbers (uint8, shape (24, 32, 3)); valid: shape (D,)"),
    (asked({"observation": {"observation.images.x": "agent_pos"}}, **IMAGES), "data.env.observation"
     ".observation.images.x: 'agent_pos' is no image of three colours (float64, shape (2,)); v"),
    (asked({"observation": {"observation.images.x": {"camera": "front"}}}, **IMAGES), "data.env."
     "observation: a camera by name needs a MuJoCo scene, which this environment does not show"),
    (asked({}, expert=f"{HERE}:still", episodes=20), "data.episodes: the expert succeeded in 0 of "
     "20 attempts, got '20'; valid: an expert that succeeds more often"),
    (asked({}, expert=f"{HERE}:broken"), f"data.expert: raised KeyError: 'nowhere', got '{HERE}:"),
    (asked({}, expert=f"{HERE}:wordy"), "data.expert: its action is not 2 finite numbers, got 'l"),
    (asked({}, expert=f"{HERE}:nobody"), "data.expert: nobody is not there in"),
    (asked({}, expert=f"{HERE}:NUMBER"), "data.expert: NUMBER is not callable in"),
    (asked({"id": "Pendulum-v1", "success": {"reward": -1e-9}}, expert=f"{HERE}:still", **IMAGES),
     "data.env.observation: the policies are to see images, and nothing of Pendulum-v1 is one"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "line"), TRIED, ids=lambda value: str(value)[:60])
def test_what_is_seen_by_trying_is_one_line(
    data: dict[str, Any],
    line: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # With one processor alone, many episodes are recorded in this process, which a crash would end.
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    check({**SPEC, "data": data})  # nothing that `validate` could know
    with pytest.raises(UnusableData) as refused:
        parse(data).load(tmp_path)
    assert str(refused.value).startswith(line)
    assert len(str(refused.value).splitlines()) == 1
    assert capfd.readouterr() == ("", "")


CHECKED = [
    (asked({"id": "nowhere_at_all:X"}), "data.env.id: needs the module nowhere_at_all, got"),
    (asked({"kwargs": {"render_mode": "human"}}), "render_mode human opens a window, got"),
    (asked({"observation": {"state": "agent_pos"}}), "state: no feature, got {'state'"),
    (asked({"observation": {"observation.state": {"kee": "agent_pos"}}}),
     "data.env.observation.observation.state.0.kee: unknown key, got 'kee'; valid: key"),
    (asked({"observation": {"observation.state": "render"}}), "observation.state: numbers, not an"),
    (asked({"observation": {"observation.images.a/b": "render"}}), "no name for a camera"),
    (asked({"observation": {"observation.images.a": ["x", "y"]}}), "an image is one key, render"),
    (asked({"success": {"key": "won", "reward": 1}}), "must be a key of the info, terminated, or"),
    (asked({"maxsteps": 3}), "data.env.maxsteps: unknown key, got 'maxsteps'; valid: max_steps"),
    (asked({"action": {"scale": 2}}), "action: an expert's actions are the environment's own"),
    (asked({}, expert="straight"), "data.expert: must be module:callable, got 'straight'"),
    (asked({}, expert="nowhere_at_all:x"), "data.expert: no module nowhere_at_all, got"),
    (asked({}, domains=["source", "target"]), "data.domains: a gymnasium environment has one"),
    ({"source": "gym", "env": {"id": f"{HERE}:Point"}}, "data.expert: is missing; valid: module"),
    ({"source": "gym", "env": {}, "expert": "a:b"}, "data.env.id: is missing; valid: an id of"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "line"), CHECKED, ids=lambda value: str(value)[:60])
def test_what_can_be_known_without_it_is_said_by_validate(data: dict[str, Any], line: str) -> None:
    with pytest.raises(SpecError) as refused:
        check({**SPEC, "data": data}, here=True)
    assert any(line in str(problem) for problem in refused.value.problems), refused.value


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("gym_pusht/PushT-v0", "pip install gym-pusht"),
        ("FetchReach-v4", "pip install gymnasium-robotics"),
        ("gym_aloha/AlohaInsertion-v0", "pip install gym-aloha"),
        ("Pendulum-v1", "pip install gymnasium"),
    ],
)
def test_what_is_not_installed_is_said_with_the_line_that_installs_it(
    name: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gym_env, "is_there", lambda module: not module.startswith("gym"))
    spec = {**SPEC, "data": asked({"id": name})}
    with pytest.raises(SpecError, match=f"needs the module gym.*, got .*; valid: {command}"):
        check(spec, here=True)
    check(spec)  # it may be installed where the sweep runs


@pytest.mark.parametrize(
    ("name", "needs", "valid"),
    [
        ("gym_xarm/XArmLift-v0", "gym_xarm", "pip install gym-xarm"),
        ("ALE/Pong-v5", "ale_py", "pip install ale-py"),
        ("no_arm/Lift-v0", "no_arm", "one that can be imported, or MODULE:no_arm/Lift-v0 where"),
        ("no_arm:Lift-v0", "no_arm", "one that can be imported$"),
        ("no_arm.envs:no_arm/Lift-v0", "no_arm", "one that can be imported$"),
    ],
)
def test_the_module_that_an_id_tells_of_must_be_there(name: str, needs: str, valid: str) -> None:
    with pytest.raises(
        SpecError, match=f"env.id: needs the module {needs}, got .*; valid: {valid}"
    ):
        check({**SPEC, "data": asked({"id": name})}, here=True)


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("CartPol-v1", "CartPole-v1, "),
        ("cartpole-v1", "CartPole-v1, "),
        ("Pendulum", "Pendulum-v1"),
        ("ALOHA", "gym_aloha/Aloha"),
        ("AlohaTransferCube-v0", "gym_aloha/AlohaTransferCube-v0"),
        ("gym_pusht/PushT-v9", "gym_pusht/PushT-v0"),
        ("Qqq-v0", "an id that gymnasium knows, or module:ID; installed here: gymnasium"),
    ],
)
def test_an_id_that_no_installed_package_registers_is_refused_at_once(
    name: str, valid: str
) -> None:
    spec = {**SPEC, "data": asked({"id": name})}
    with pytest.raises(SpecError, match=rf"env.id: no environment of this name, got .*: {valid}"):
        check(spec, here=True)
    check(spec)


def test_all_that_gymnasium_registers_is_known_by_its_source() -> None:
    known = {name for name, spec in gymnasium.registry.items()
             if str(spec.entry_point).startswith(("gymnasium.", "<function _raise"))}  # fmt: skip
    assert known <= gym_ids.ids_of("gymnasium")
    assert len(gym_ids.ids_of("gym_aloha")) == 2
    assert not gym_ids.ids_of("gymnasium_robotics")
    for name in known:
        assert not GymEnv(id=name).missing()


def test_what_a_plugin_registers_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert GymEnv(id="Qqq-v0").missing()
    plugged = EntryPoint("__root__", "my_arms:register", "gymnasium.envs")
    monkeypatch.setattr(gym_env, "entry_points", lambda group: [plugged])
    assert not GymEnv(id="Qqq-v0").missing()


def test_namespaces_that_are_no_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gymnasium's own, and those of packages that plug themselves in."""
    assert gym_env.module_of("phys2d/CartPole-v1") == "gymnasium"
    assert gym_env.module_of("arms/Lift-v0") == "arms"
    plugged = EntryPoint("arms", "my_arms:register", "gymnasium.envs")
    monkeypatch.setattr(gym_env, "entry_points", lambda group: [plugged])
    assert gym_env.module_of("arms/Lift-v0") == "gymnasium"


def test_an_id_brings_the_module_that_it_tells_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gymnasium knows the id only once the module has been imported."""
    (tmp_path / "my_arms.py").write_text(
        "import gymnasium\n"
        f"gymnasium.register('my_arms/Point-v0', '{Point.__module__}:Point', max_episode_steps=8)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert isinstance(making.make(GymEnv(id="my_arms/Point-v0"), False).unwrapped, Point)


def test_what_a_user_should_know_is_said_each_time(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for fault, line in (
        ("same", "data.env.id: the seeds 0 and 1 give the same first observation"),
        ("prints", "data.env.id: it prints, which is not shown, as 'hello from the simulator'"),
        ("prints in C", "data.env.id: it prints, which is not shown, as 'pybullet build time'"),
    ):
        for _ in range(2):
            said: list[str] = []
            parse(faulty(fault)).load(tmp_path, say=said.append)
            assert len(said) == 1
            assert said[0].startswith(line)
    assert capfd.readouterr() == ("", "")


def test_a_key_that_comes_at_the_end_alone_is_found(tmp_path: Path) -> None:
    data = parse(faulty("late")).load(tmp_path)
    assert np.diff(data.source.episode_starts).tolist() == [8, 8]


def test_a_package_with_a_finder_of_its_own_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        """As `pip install -e` makes one."""

        def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
            return ModuleSpec(name, None) if name == "my_editable_world" else None

    assert not gym_env.is_there("my_editable_world")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    assert gym_env.is_there("my_editable_world")
    assert not gym_env.is_there("")


def test_a_package_that_raises_or_is_not_installed_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_broken_world").mkdir()
    (tmp_path / "my_broken_world/__init__.py").write_text("raise RuntimeError('no licence')")
    monkeypatch.syspath_prepend(tmp_path)
    broken = asked({"id": "my_broken_world.envs:Arm"})
    with pytest.raises(UnusableData, match="RuntimeError: no licence"):
        parse(broken).load(tmp_path)
    monkeypatch.setitem(gym_env.PACKAGES, "gymnasium", "nowhere-at-all")
    assert making.stamp("Pendulum-v1")


def test_no_picture_is_drawn_where_none_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = parse(asked(RENDERED, **IMAGES)).load(tmp_path).environment
    assert world is not None
    assert world.make_unseen is not None
    monkeypatch.setattr(Point, "render", lambda _: pytest.fail("it is drawn"))
    with closing(world.make_unseen("action", "source")) as environment:
        environment.reset(0)
        assert set(environment.observe()) == {"observation.state"}
