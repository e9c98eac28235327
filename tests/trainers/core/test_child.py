"""A process that tries something for another: each hears of the other's end, whatever lives."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from ilsweep.sweeps.processes.proctree import descendants
from ilsweep.trainers.core.child import in_a_process
from tests.sweeps.as_typed import wait_for
from tests.sweeps.killing import command_line, same

ROOT = Path(__file__).parents[3]
LOADS = """
import signal, sys
from pathlib import Path
from ilsweep.trainers.data.sources import parse
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who started the tests may ignore it
    parse({"source": "gym", "observation": "state", "episodes": 2, "holdout": 0.5,
           "env": {"id": "tests.trainers.envs.gym.made_up:Point", "max_steps": 30,
                   "kwargs": {"fault": "hangs"}},
           "expert": "tests.trainers.envs.gym.made_up:straight"}).load(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_of_a_try(sent: signal.Signals, tmp_path: Path) -> None:
    path = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT)])
    loading = subprocess.Popen(
        [sys.executable, "-c", LOADS, str(tmp_path)],
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        wait_for(lambda: any(b"spawn_main" in command_line(p) for p in descendants(loading.pid)))
        children = descendants(loading.pid)
        loading.send_signal(sent)
        loading.wait(20)
        wait_for(lambda: not any(map(same, children)), 20)
    finally:
        loading.kill()


def forks_and_ends(names: Path) -> None:
    """As a simulator that forks a helper and then crashes."""
    helper = os.fork()
    if helper == 0:
        time.sleep(60)
        os._exit(0)
    (names / str(helper)).touch()
    os.kill(os.getpid(), signal.SIGKILL)


def test_an_end_is_heard_though_what_was_forked_lives(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(BrokenProcessPool):
        in_a_process(forks_and_ends, tmp_path)
    assert time.monotonic() - began < 50
    (helper,) = tmp_path.iterdir()
    os.kill(int(helper.name), signal.SIGKILL)  # it had lived on


def lengths(words: list[str]) -> list[int]:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(len, words)


def test_what_is_forked_there_works() -> None:
    assert in_a_process(lengths, ["a", "bcd"]) == [1, 3]
