"""A trainer with a process that it needs, as one with a simulator has."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from benchmarks.regression import Regression
from ilsweep.trainers.core.contract import TrainerConfig

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
