"""A call into an environment that does not return: what is waited for is said."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ilsweep.sweeps.ray_runtime import worker_state
from ilsweep.trainers.core import waiting
from ilsweep.trainers.core.waiting import long_call, waiting_for

ROOT = Path(__file__).parents[3]
HANGS = """
from ilsweep.trainers.core import waiting
waiting.LOOK_S, waiting.SAY_S = 0.02, 0.1
{}
"""
TRIED = """
from ilsweep.trainers.data.gym_env import GymEnv
from ilsweep.trainers.envs.gym.facts import tried
tried(GymEnv.model_validate({"id": "tests.trainers.envs.gym.made_up:Point", "max_steps": 30,
                             "kwargs": {"fault": "hangs"}}), images=False)
"""
ROLLED_OUT = """
import time
from ilsweep.trainers.evaluation.rollout import episode
class Hanging:
    def reset(self, seed): pass
    def step(self, action): time.sleep(3600)
episode(iter([0]), Hanging(), 7, 3)
"""


@pytest.fixture
def hanging(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """A process in which an environment hangs."""
    code = HANGS.format(request.param)
    path = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT)])
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize(
    ("hanging", "of", "call"),
    [
        (TRIED, "tests.trainers.envs.gym.made_up:Point", "reset"),
        (ROLLED_OUT, "the environment", "step"),
    ],
    indirect=["hanging"],
)
def test_a_hanging_environment_is_named_by_its_own_process_and_seen_from_outside(
    hanging: subprocess.Popen[str], of: str, call: str
) -> None:
    assert hanging.stderr is not None
    assert select.select([hanging.stderr], [], [], 30)[0], "nothing was said"
    line = hanging.stderr.readline()
    assert line.startswith(f"{of}: {call} has not returned for ")
    deadline = time.monotonic() + 5
    while not long_call(hanging.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    worker = worker_state.seen(hanging.pid)
    assert worker.at_work(worker.cpu_s).startswith(
        f"its worker (process {hanging.pid}) waits for the environment's {call}; limits: "
    )
    assert hanging.poll() is None


def test_it_is_said_again_after_twice_as_long_and_not_once_it_has_returned(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(waiting, "SAY_S", 2.0)
    call: Any = waiting_for("reset", "Point")
    for _ in range(9):
        waiting._look(call)
    assert capfd.readouterr().err.splitlines() == [
        "Point: reset has not returned for 2 s",
        "Point: reset has not returned for 4 s",
        "Point: reset has not returned for 8 s",
    ]


def test_the_innermost_call_is_the_one_that_is_waited_for() -> None:
    with waiting_for("step"), waiting_for("render", "Point"):
        assert [call.call for call in waiting._calls] == ["step", "render"]
    with pytest.raises(KeyError), waiting_for("step"):
        raise KeyError
    assert waiting._calls == []
    assert long_call(os.getpid()) == ""
