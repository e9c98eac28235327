"""Trainers that go wrong in one way each, where `width` says so."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.regression import Regression
from ilsweep.trainers.core.contract import Metrics


class Raises(Regression):
    """Raises at step 15 where the width is odd."""

    _steps = 0

    def train_step(self) -> Mapping[str, Any]:
        self._steps += 1
        if self.config.width % 2 and self._steps == 15:
            raise RuntimeError("the gripper | fell\noff")
        return super().train_step()


class KillsItself(Regression):
    """The worker process dies at step 25 where the width is odd, the first time."""

    _steps = 0

    def train_step(self) -> Mapping[str, Any]:
        self._steps += 1
        mark = Path(os.environ["ILSWEEP_TEST_MARK"])
        if self.config.width % 2 and self._steps == 25 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().train_step()


class Words(Regression):
    """Calls its metrics by the sweep's own words; where the width is odd, one by a number."""

    metrics: ClassVar[Mapping[str, str]] = {}

    def train_step(self) -> Mapping[str, Any]:
        words = dict.fromkeys(("done", "step", "state", "unkept", "error", "again", "config"), 1.0)
        odd: dict[Any, float] = {3: 1.0} if self.config.width % 2 else {}
        return {**super().train_step(), **words, **odd}

    def evaluate(self) -> Metrics:
        return {"done": super().evaluate()["eval/loss"]}


class Spoils(Regression):
    """Leaves its process changed, in ways that can be put back and, where odd, in one that cannot;
    the more of it, the wider."""

    def finish(self) -> Metrics:
        import torch

        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(3)
        os.chdir("/")
        if self.config.width % 2:
            threading.Thread(target=threading.Event().wait, daemon=True).start()
        return {"probe/pid": float(os.getpid()), "probe/interrupt": float(_blocks_interrupts())}

    def close(self) -> None:
        raise RuntimeError("the door | is\nstuck")


def _blocks_interrupts() -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


class Dies(Regression):
    """The worker process ends where ILSWEEP_TEST_WHERE says, in the way of ILSWEEP_TEST_HOW.

    Only where the width is odd; `late` is after the trial's end, as soon as the worker, which Tune
    keeps, is handed the next one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._steps = 0
        self._at("init")

    def train_step(self) -> Mapping[str, Any]:
        self._steps += 1
        self._at(str(self._steps))
        return super().train_step()

    def finish(self) -> Metrics:
        self._at("end")
        return super().finish()

    def close(self) -> None:
        if os.environ["ILSWEEP_TEST_WHERE"] == "late" and self._steps and self.config.width % 2:
            from ray._private.worker import global_worker

            for hosted in global_worker.actors.values():
                hosted.reset_config = lambda config: _end()
        super().close()

    def _at(self, where: str) -> None:
        if self.config.width % 2 and os.environ["ILSWEEP_TEST_WHERE"] == where:
            _end()


def _end() -> None:
    how = os.environ["ILSWEEP_TEST_HOW"]
    if how == "exit":
        os._exit(0)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    ctypes.string_at(0)


class Hangs(Regression):
    """Never comes back from step 15, in C, where the width is odd."""

    _steps = 0

    def train_step(self) -> Mapping[str, Any]:
        self._steps += 1
        if self.config.width % 2 and self._steps == 15:
            ctypes.PyDLL(None).sleep(1000)  # holds the interpreter's lock
        return super().train_step()


class Slow(Regression):
    """Takes a second a step."""

    def train_step(self) -> Mapping[str, Any]:
        time.sleep(1)
        return super().train_step()


class Chatty(Regression):
    """Prints a megabyte at each step."""

    def train_step(self) -> Mapping[str, Any]:
        print(("x" * 999 + "\n") * 1000, end="", flush=True)
        return super().train_step()
