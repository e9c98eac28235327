"""Trainers of a user's own, as they travel with a submitted sweep: on which host, and with whom."""

from __future__ import annotations

import os
import platform
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ilsweep.trainers.core.contract import Metrics, Trainer, TrainerConfig, param


class WandererConfig(TrainerConfig):
    """A random walk."""

    drift: float = param(0.1)
    """What is added at each step."""
    step_s: float = param(0.0, ge=0, unit="s")
    """How long a step takes."""


class Wanderer(Trainer):
    """x grows by the drift and a random number at each step; needs no data and no CPU."""

    Config = WandererConfig
    needs_data = False
    metrics: ClassVar[Mapping[str, str]] = {
        "train/loss": "mean of x since the last report",
        "train/host": "number at the end of the host's name; -1 without one",
        "eval/x": "x",
    }
    config: WandererConfig

    def __init__(self, config: TrainerConfig, data: Any, *, seed: int, device: str = "cpu") -> None:
        super().__init__(config, data, seed=seed, device=device)
        self._x = 0.0
        self._steps = 0
        self._seed = seed
        number = platform.node().rpartition("-")[2]
        self._host = float(number) if number.isdigit() else -1.0

    def train_step(self) -> Mapping[str, Any]:
        time.sleep(self.config.step_s)
        self._x += self.config.drift + random.Random(f"{self._seed} {self._steps}").gauss()
        self._steps += 1
        return {"train/loss": self._x, "train/host": self._host}

    def evaluate(self) -> Metrics:
        return {"eval/x": self._x}

    def state_dict(self) -> dict[str, Any]:
        return {"x": self._x, "steps": self._steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._x, self._steps = float(state["x"]), int(state["steps"])


class Racer(Wanderer):
    """A walk whose random numbers are its drift's own, so that seeds do not cancel, and whose loss
    falls as it grows, so that nothing is wrong with it."""

    def train_step(self) -> Mapping[str, Any]:
        own = random.Random(f"{self.config.drift} {self._seed} {self._steps}").gauss()
        self._x += self.config.drift + own
        self._steps += 1
        return {"train/loss": 200 - self._x, "train/host": self._host}


SLEEPER = "import time; time.sleep(600)"
NEST = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPER!r}])"


class Parent(Wanderer):
    """A walk with a forked child, a child with a child, and a daemon in a session of its own.

    Where `$ILSWEEP_TEST_CHILDREN` is a folder, each is named there by a file.
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
        if names := os.environ.get("ILSWEEP_TEST_CHILDREN"):
            for pid in (forked, nest.pid, daemon.pid):
                (Path(names) / str(pid)).touch()
