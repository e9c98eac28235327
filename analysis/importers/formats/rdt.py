"""What RDT's training prints.

A progress bar with loss and learning rate, and sampled errors (`train/train.py` of
thu-ml/RoboticsDiffusionTransformer).

The bar reads `Steps:  12%|█▏ | 1200/10000 [10:00<1:13:20, 2.00it/s, loss=0.0123, lr=0.0001]`; every
`sample_period` steps a line `... - INFO - __main__ - {'overall_avg_sample_mse': 0.0012, ...}`.
After a resume the bar counts what is left; `Resuming from checkpoint checkpoint-N` and `Saved
state to .../checkpoint-N` say from where. Other trainers of accelerate print the same bar.
"""

from __future__ import annotations

import re
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import DIGITS, Unread
from ilsweep.analysis.importers.python_dicts import printed_pairs
from ilsweep.analysis.importers.source import ForeignRun, Source, redrawn

_BAR = re.compile(rf"\b({DIGITS})/({DIGITS}) \[([^\]]*)")
_POSTFIX = re.compile(r"\b(\w++)=([^\s,\]]{1,40})")
_SAMPLED = re.compile(r"'\w*_sample_(?:mse|l2err)'")
_RESUMED = re.compile(rf"Resuming from checkpoint \S{{0,200}}?checkpoint-({DIGITS})")
_SAVED = re.compile(rf"Saved state to \S{{0,300}}?checkpoint-({DIGITS})")

METRIC_OF = {"loss": "train/loss", "lr": "train/lr"}


def detect(source: Source) -> bool:
    lines = source.head.split("\n")
    return (
        "loss=" in source.head and any("Steps:" in line and _bars(line) for line in lines)
    ) or any(map(_sampled, lines))


def _bars(line: str) -> list[tuple[str, str, str]]:
    """Step, length and postfix of each progress bar.

    Expressions are given what follows a fixed text, since one that looks for it by itself takes the
    square of a line's length.
    """
    parts = line.split("Steps:")[1:]
    return [(found[1], found[2], found[3]) for part in parts if (found := _BAR.search(part))]


def _sampled(line: str) -> str:
    """The printed dictionary with sampled errors; empty where there is none."""
    _, found, rest = line.partition("{")
    return rest if found and _SAMPLED.search(rest) else ""


class _Reader:
    """The state of reading one output, line by line."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.step = 0
        self.bar = 0
        self.bars = False
        self.start = 0
        """What is added to the bar's number."""
        self.resumed = 0
        """The checkpoint that a resume began with, until the bar shows how it counts."""
        self.notes: dict[str, None] = {}
        self.unread = Unread()

    def line(self, text: str) -> None:
        for step, _, postfix in _bars(text):
            self.bars, self.bar = True, int(step)
            if self.resumed:
                self._resume()
            self.step = self.start + self.bar
            self.rows.append({"step": self.step, **self._postfix(postfix)})
        if sampled := _sampled(text):
            self.step += not self.bars
            self.rows.append({"step": self.step, **printed_pairs(sampled)})
        if found := _RESUMED.search(text):
            self.resumed = int(found[1])
        elif (found := _SAVED.search(text)) and self.bars:
            self._pinned(int(found[1]))

    def _resume(self) -> None:
        """RDT's bar begins at 0 again; that of a script which gives `initial` does not."""
        self.start = self.resumed if self.bar < self.resumed else 0
        self.resumed = 0
        if self.start:
            self._said(self.start)

    def _pinned(self, step: int) -> None:
        """A saved checkpoint names the exact step.

        Where the bar lags behind by a round number, it counts from a resume that the log does not
        hold.
        """
        lag = step - self.step
        if self.start == 0 and lag > max(1000, self.bar):
            self.start, self.step = lag, step
            for row in self.rows:
                row["step"] += lag
            self._said(lag)

    def _said(self, start: int) -> None:
        self.notes[f"the bar counts what is left after a resume: {start} is added to its steps"] = (
            None
        )

    def _postfix(self, text: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in _POSTFIX.findall(text):
            metric = METRIC_OF.get(name, f"train/{name}")
            number = self.unread.number(metric, value)
            found |= {} if number is None else {metric: number}
        return found


def read(source: Source) -> list[ForeignRun]:
    """The run of the output. Errors sampled where no bar was printed count as one step each."""
    reader = _Reader()
    for line in source.lines:
        reader.line(line)
    return [
        ForeignRun(
            id=source.run_id, rows=redrawn(reader.rows), config={"policy": {"type": "rdt"}},
            ended=source.time, notes=(*reader.notes, *reader.unread.notes()),
        )
    ]  # fmt: skip


FORMAT = LogFormat(
    name="rdt",
    title="RDT training output",
    detect=detect,
    read=read,
    lines=(
        r"^(?>.*?Steps:).*?\d/\d+ \[|_sample_(mse|l2err)'"
        r"|Resuming from checkpoint|Saved state to "
    ),
    looks="Steps:  12%|# | 1200/10000 [10:00<1:13:20, loss=0.0123, lr=0.0001]",
)
