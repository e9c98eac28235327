"""Inputs made of every format's pieces, and how long reading them takes as they grow."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st

from ilsweep.analysis.importers.source import Source

PIECES = [
    " ", ":", "/", "[", "]", "{", "}", "'", '"', "(", ")", ",", "=", "-", ".", "|", "\t", "\\", "a",
    "_", "1", "9", "e", "K", "Q", "\u00b2", "\u0663", "\u2211", "nan", "inf", "step:",
    "step:1 smpl:1 ep:1 epch:1 ",
    "smpl:", "ep:", "epch:", "loss:1 ", "step 1: eval_loss=", "Checkpoint policy after step ",
    "Suite overall aggregated: {", "'log_freq': ", "'type': '", "Steps:", "1/9 [", "loss=",
    "loss=1, ",
    "_sample_mse'", "'a_sample_mse': 1", "'a': ", "np.float64(", "Epoch ", "Val loss: ",
    "Train loss: 1",
    "l1: ", "KL Weight ", "Seed 1, val loss ", " at epoch ", "Rollout ", "env_max_reward=",
    ", Success: True", "Success rate: ", "Average return: ", "success rate: ", "average time: ",
    '{"a":',
    '"step": 1, ', '"_step": 1, ', '"global_step": ', '{"run": {"id": "x"}}', "Step,a",
    "_step,x - a",
    "2026-11-25 10:11:12", ":W&B", "Step 1: ", "step=1 loss=1 ", "{'loss': 1, ", "'epoch': 1}",
    "Train Epoch 1\n{", "Env: Lift\n{", "=>> ", "Global Step 1 =>> ", "LR :: 1 - ", "%| | 1/9 [",
    "Success: True\n", "# episodes completed so far: 1\n", "INFO x {'policy': {", "step,loss", "5%",
    "tensor(", "Resuming from checkpoint checkpoint-", "Saved state to checkpoint-", "\x1b[32m",
]  # fmt: skip
"""What readers look for, and what their expressions could run along."""

BREAKS = ["\n", "\r", "\r\n"]

HEADS = [
    "", "step:1 smpl:1 ep:1 epch:1 loss:1 ", "Epoch 0\nVal loss: 1\nl1: 1 ",
    "Success rate: 1\nAverage return: 1\n",
    "Steps: 1%| | 1/9 [00:01<00:01, loss=0.1]\n", "{'a_sample_mse': 0.1}\n", "success rate: 1\n",
    "Step,x - a\n1,2\n",
    '_step,"a', '{"_step": 1, "a": 1}\n', '[{"_step": 1, "a": 1}, ',
    '{"run": {"id": "x"}}\n{"step": 1, "a/b": 1}\n',
    '{"global_step": 1, "train_loss": 1}\n', "Step 1: loss=1\n", "{'loss': 1, 'epoch': 0.1}\n",
    'Train Epoch 1\n{\n"Loss": 1\n}\n', "Global Step 1 =>> LR :: 1\n",
    "INFO x {'policy': {'type': 'act'},\n 'a': 1}\nstep:1 smpl:1 ep:1 epch:1 loss:1\n",
    "Name,State,lr,val_loss\na,finished,1,2\n",
    "step,loss\n1,2\n", '{"step": 1, "loss": 1}\n', '{"per_episode": [', ":W&B\xe1\xbe\x00",
]  # fmt: skip
"""Beginnings that a format is told by."""

units = st.lists(st.sampled_from(PIECES + BREAKS), min_size=1, max_size=5).map("".join)


def grown(head: str, unit: str, size: int, tail: str = "") -> bytes:
    return (head + unit * (size // len(unit) + 1) + tail).encode()


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def grows_linearly(work: Callable[[int], object], size: int, factor: int = 4) -> bool:
    """Whether `work` on `factor` times the size takes about so many times as long: a square would
    take the square of it. Below a twentieth of a second nothing is said. A square is one each time
    that it is looked at; what a busy machine adds, or a first call that imports, is not."""
    return any(_grew_linearly(work, size, factor) for _ in range(3))


def _grew_linearly(work: Callable[[int], object], size: int, factor: int) -> bool:
    long = seconds(lambda: work(factor * size))
    return long < 0.05 or long < 2.5 * factor * seconds(lambda: work(size))


def source(content: bytes) -> Source:
    return Source(Path("x.log"), content)
