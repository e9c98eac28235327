"""Trainers that start processes and forget them, as data loaders and simulators do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.regression import Regression
from tests.cluster.project.wanderer import Wanderer
from trainers.contract import TrainerConfig

SLEEPER = "import time; time.sleep(600)"
NEST = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPER!r}])"


class Parent(Wanderer):
    """A walk with a forked child, a child with a child, and a daemon in a session of its own.

    `$ILSWEEP_TEST_CHILDREN` is a folder where each is named by a file.
    """

    def __init__(self, config: TrainerConfig, data: Any, *, seed: int, device: str = "cpu") -> None:
        super().__init__(config, data, seed=seed, device=device)
        forked = os.fork()
        if forked == 0:
            try:
                time.sleep(600)
            finally:
                os._exit(0)
        nest = subprocess.Popen([sys.executable, "-c", NEST])
        daemon = subprocess.Popen([sys.executable, "-c", SLEEPER], start_new_session=True)
        names = Path(os.environ["ILSWEEP_TEST_CHILDREN"])
        for pid in (forked, nest.pid, daemon.pid):
            (names / str(pid)).touch()


HELPER = """
# a trainer's helper
import sys
for line in sys.stdin:
    print(line, end="", flush=True)
"""
PAUSE_S = 0.005


class Helped(Regression):
    """A training that asks a child at each step, and fails where the child is gone."""

    def __init__(self, config: TrainerConfig, data: Any, *, seed: int, device: str = "cpu") -> None:
        super().__init__(config, data, seed=seed, device=device)
        pipe = subprocess.PIPE
        self._helper = subprocess.Popen(
            [sys.executable, "-S", "-c", HELPER], stdin=pipe, stdout=pipe, text=True
        )

    def train_step(self) -> Mapping[str, Any]:
        time.sleep(PAUSE_S)
        assert self._helper.stdin is not None
        assert self._helper.stdout is not None
        with suppress(BrokenPipeError):
            self._helper.stdin.write("next\n")
            self._helper.stdin.flush()
        if self._helper.stdout.readline() != "next\n":
            raise RuntimeError("the helper is gone")
        return super().train_step()
