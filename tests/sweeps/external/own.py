"""An adapter of a user's own, named `tests.sweeps.external.own:MINE` in a spec."""

from __future__ import annotations

from ilsweep.sweeps.external.adapters.base import Adapter, argument
from ilsweep.sweeps.spec.command import MetricSource
from ilsweep.trainers.core.contract import Params

NAME = "tests.sweeps.external.own:MINE"
NO_ADAPTER = "a name of this module that is none"
SCRIPT = """
import json, sys
given = dict(word.removeprefix("--").split("=") for word in sys.argv[1:])
for step in range(1, int(given["max_steps"]) + 1):
    loss = float(given["rate"]) / step
    print(json.dumps({"step": step, "loss": loss, "seed": int(given["seed"])}))
"""


class MyParams(Params):
    """What the script takes."""

    steps: int = argument("--max_steps={steps}", 3, gt=0, unit="optimiser steps")
    """Length of the training."""
    lr: float = argument("--rate={lr}", 0.5, gt=0)
    """Learning rate."""
    momentum: float | None = argument("--momentum={momentum}", ge=0, lt=1)
    """Momentum; what is not given keeps the script's own default."""


MINE = Adapter(
    about="A script of the user's own.",
    Config=MyParams,
    start=("python", "train.py"),
    always=("--out={folder}", "--seed={seed}"),
    source=MetricSource(format="json_lines"),
    metrics={"train/loss": "training loss", "train/seed": "the seed that it was told"},
)
