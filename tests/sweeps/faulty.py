"""Trainers that go wrong in one way each, where `width` says so."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.regression import Regression
from trainers.contract import Metrics


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
        odd = {3: 1.0} if self.config.width % 2 else {}
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


class Exits(Regression):
    """Ends itself as a script does."""

    def train_step(self) -> Mapping[str, Any]:
        if self.config.width % 2:
            sys.exit(3)
        return super().train_step()
