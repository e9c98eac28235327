"""The work of an orchestration benchmark, and the proof that a way to orchestrate it did it.

Trial k trains `benchmarks.regression` at the k-th learning rate for `steps` optimiser steps, with
the same seed and batches everywhere, on one thread. A training is deterministic, so every way must
end with the same numbers to the last bit.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

REPORTS = 10
BATCH_SIZE = 64
LOSS = "train/loss"
RESULT = "eval/loss"

Report = Callable[[int, dict[str, float]], None]
"""Takes a step and its metrics: the mean training loss since the report before; the last one the
evaluation too."""


@dataclass(frozen=True)
class Work:
    """`trials` trainings of `steps` steps each, a multiple of REPORTS."""

    trials: int
    steps: int

    @property
    def rates(self) -> list[float]:
        """The learning rate of each trial, from 0.001 to 0.05."""
        last = max(self.trials - 1, 1)
        return [round(0.001 * 50 ** (k / last), 9) for k in range(self.trials)]

    @property
    def every(self) -> int:
        """Steps between reports."""
        return self.steps // REPORTS


@dataclass(frozen=True)
class Ended:
    """What became of a trial, as its tool recorded it."""

    rate: float
    state: str
    """`completed`, or the tool's own word for anything else."""
    steps: list[int]
    """Steps at which it reported."""
    result: float
    """The evaluation at its end."""
    began: float
    """Seconds since the epoch."""
    ended: float
    """Seconds since the epoch."""
    error: str = ""


class NotDone(Exception):  # noqa: N818
    """A way did not do its work, so that its time says nothing."""


def train(rate: float, steps: int, report: Report) -> float:
    """One trial; the evaluation at its end."""
    import torch

    from benchmarks.regression import Regression, RegressionConfig

    torch.set_num_threads(1)
    config = RegressionConfig(lr=rate, steps=steps, batch_size=BATCH_SIZE)
    made = Regression(config, None, seed=0)
    every, total = steps // REPORTS, 0.0
    for step in range(1, steps + 1):
        total = total + made.train_step()[LOSS]
        if step % every == 0:
            metrics = {LOSS: float(total) / every}
            if step == steps:
                metrics |= made.evaluate()
            report(step, metrics)
            total = 0.0
    return metrics[RESULT]


def prove(work: Work, ended: Sequence[Ended]) -> dict[float, float]:
    """The result of each learning rate.

    Raises:
        NotDone: a trial is missing, did not end well, lacks a report or has no finite result.
    """
    if sorted(trial.rate for trial in ended) != sorted(work.rates):
        raise NotDone(f"{len(ended)} trials ended where {work.trials} were asked for, each once")
    bad = [trial for trial in ended if trial.state != "completed"]
    if bad:
        states = ", ".join(f"{n} {state}" for state, n in Counter(t.state for t in bad).items())
        why = next((trial.error for trial in bad if trial.error), "").strip().splitlines()
        raise NotDone(f"of {work.trials} trials {states}" + (f": {why[-1]}" if why else ""))
    expected = list(range(work.every, work.steps + 1, work.every))
    for trial in ended:
        if trial.steps != expected:
            raise NotDone(f"the trial at rate {trial.rate} reported at {trial.steps}")
        if not math.isfinite(trial.result):
            raise NotDone(f"the trial at rate {trial.rate} ended with {trial.result}")
    return {trial.rate: trial.result for trial in ended}


def span(ended: Sequence[Ended]) -> float:
    """Seconds from the first trial's start to the last one's end."""
    return max(trial.ended for trial in ended) - min(trial.began for trial in ended)


def write(ended: Sequence[Ended], path: Path) -> None:
    """Keep them for `read`."""
    path.write_text(json.dumps([asdict(trial) for trial in ended]))


def read(paths: Sequence[Path]) -> list[Ended]:
    """What processes wrote."""
    found: list[dict[str, Any]] = [row for path in paths for row in json.loads(path.read_text())]
    return [Ended(**row) for row in found]
