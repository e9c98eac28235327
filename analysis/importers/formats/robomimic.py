"""What robomimic prints (`robomimic/scripts/train.py` of ARISE-Initiative/robomimic).

`Train Epoch 1`, `Validation Epoch 1` and `Epoch 1 Rollouts took ...` with `Env: Lift` each stand
above a JSON object with the metrics. A step is an epoch. The configuration is printed as JSON under
`New Training Run with Config`; `config.json` in the run's folder is the same.
"""

from __future__ import annotations

import re
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import DIGITS, numbers_of
from ilsweep.analysis.importers.printed import Collector
from ilsweep.analysis.importers.source import ForeignRun, Source

_EPOCH = re.compile(rf"^(Train|Validation) Epoch ({DIGITS})\s*$")
_ROLLOUT = re.compile(rf"^Epoch ({DIGITS}) Rollouts took ")
_ENV = re.compile(r"^Env: (\S{1,80})")
_CONFIG = "New Training Run with Config"
GROUP_OF = {"Train": "Train", "Validation": "Valid"}


def detect(source: Source) -> bool:
    return (
        re.search(r"^(?:Train|Validation) Epoch \d+\s*\n\{", source.head, re.MULTILINE) is not None
    )


class _Reader:
    """The state of reading one output, line by line."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.config: dict[str, Any] = {}
        self.epoch = 0
        self.group = ""
        self.block = Collector()

    def line(self, text: str) -> None:
        if self.block.open or (self.group and text.startswith("{")):
            value = self.block.add(text)
            if value is not None:
                self._closed(value)
        elif found := _EPOCH.match(text):
            self.group, self.epoch = GROUP_OF[found[1]], int(found[2])
        elif found := _ROLLOUT.match(text):
            self.group, self.epoch = "Rollout", int(found[1])
        elif self.group == "Rollout" and (found := _ENV.match(text)):
            self.group = f"Rollout/{found[1]}"
        elif _CONFIG in text:
            self.group = "config"

    def _closed(self, value: dict[str, Any]) -> None:
        if self.group == "config":
            self.config = self.config or value
        else:
            head, _, env = self.group.partition("/")
            metrics = {
                f"{head}/{n}" + (f"/{env}" if env else ""): v for n, v in _shown(value).items()
            }
            self.rows.append({"step": self.epoch, **metrics})
        self.group = ""


def _shown(value: dict[str, Any]) -> dict[str, float]:
    return {name: number for name, number in numbers_of(value).items() if "/" not in name}


def read(source: Source) -> list[ForeignRun]:
    """The run of the output."""
    reader = _Reader()
    for line in source.lines:
        reader.line(line)
    algo = reader.config.get("algo_name")
    config = reader.config | ({"policy": {"type": algo}} if isinstance(algo, str) else {})
    return [
        ForeignRun(id=source.run_id, rows=reader.rows, config=config, whole=bool(reader.config),
                   ended=source.time, notes=("a step is an epoch",))
    ]  # fmt: skip


FORMAT = LogFormat(
    name="robomimic",
    title="robomimic training output",
    detect=detect,
    read=read,
    lines=(
        r"^\s*(Train|Validation) Epoch \d+|Epoch \d+ Rollouts took|^Env: "
        r"|^\s*[{}\"\]]|Training Run with Config"
    ),
    looks='Train Epoch 1 above {"Loss": 0.2}',
)
