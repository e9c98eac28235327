"""A process that tries an environment for another ends with it, also where that hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ilsweep.sweeps.processes.proctree import descendants
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
