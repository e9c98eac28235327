"""What openpi prints in training (Physical-Intelligence/openpi).

`scripts/train.py` (JAX) writes `Step 100: grad_norm=1.2000, loss=0.4000, param_norm=18.0000`,
`scripts/train_pytorch.py` logs `step=100 loss=0.4000 lr=2.50e-05 grad_norm=1.20 time=12.3s`.
Both name the exact step. The configuration is not printed but for a few values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import DIGITS, Unread
from ilsweep.analysis.importers.source import ForeignRun, Source

_BEGIN = re.compile(  # its letters first: `re` then looks only where they stand
    rf"[Ss]tep(?:(?<=\bStep) ({DIGITS}):|(?<=\bstep)(?<![,\[] step)(?<!\[step)=({DIGITS}))"
    r" (?=\w{1,60}=)"
)
_PAIR = re.compile(r"\b([A-Za-z_]\w{0,60})=([^\s,\]]{1,60})")
_VALUES = re.compile(
    r"\b(batch_size|num_train_steps|warmup|peak_lr|decay_steps|end_lr)=([^\s,]{1,40})"
)

METRIC_OF = {"time": "train/update_s"}


def detect(source: Source) -> bool:
    return any(_BEGIN.search(line) for line in source.head.split("\n"))


def _reports(line: str) -> Iterator[tuple[int, str]]:
    """Step and values of each report that begins in a line."""
    begins = list(_BEGIN.finditer(line))
    ends = [found.start() for found in begins[1:]] + [len(line)]
    for found, end in zip(begins, ends, strict=False):
        yield int(found[1] or found[2]), line[found.end() : end]


def read(source: Source) -> list[ForeignRun]:
    """The run of the output."""
    rows: list[dict[str, Any]] = []
    config: dict[str, Any] = {}
    unread = Unread()
    for line in source.lines:
        for step, text in _reports(line):
            row: dict[str, Any] = {"step": step}
            for name, value in _PAIR.findall(text):
                metric = METRIC_OF.get(name, f"train/{name}")
                row[metric] = unread.number(metric, value)
            rows.append(row)
        if "Training config: " in line or "LR schedule: " in line:
            config |= {name: unread.number(name, value) for name, value in _VALUES.findall(line)}
    return [
        ForeignRun(id=source.run_id, rows=rows, config=config, ended=source.time,
                   notes=tuple(unread.notes()))
    ]  # fmt: skip


FORMAT = LogFormat(
    name="openpi",
    title="openpi training output (JAX and PyTorch)",
    detect=detect,
    read=read,
    lines=r"\b[Ss]tep[ =]\d{1,18}:? +\w+=|Training config: |LR schedule: |Optimizer: ",
    looks="Step 100: grad_norm=1.2000, loss=0.4000",
)
