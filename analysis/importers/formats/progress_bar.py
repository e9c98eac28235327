"""Progress bars of tqdm with numbers behind them, as Lightning and most scripts print them.

    Epoch 3:  45%|####      | 45/100 [00:10<00:12, 4.4it/s, v_num=0, train_loss=0.5]

The step is the bar's count. A bar that begins again goes on where the last one ended if that was
at its end or names an epoch; else the script was started again. A bar of an evaluation belongs to
the step that the training had come to, and its last numbers count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import Unread, as_number, as_step
from ilsweep.analysis.importers.source import ForeignRun, Source, redrawn

_COUNT = r"\d{1,18}(?:\.\d{1,3})?[kMG]?"
_BAR = re.compile(rf"\d%\|[^|]{{0,200}}\| *({_COUNT})/({_COUNT}) \[([^\]]{{0,2000}})")
_VALUE = re.compile(r"(?:^|[,\s])([A-Za-z_][\w/.-]{0,80})[=:] ?([^\s,\]]{1,40})")
_EPOCH = re.compile(r"epoch\D{0,3}(\d{1,9})", re.IGNORECASE)
_EVALUATION = re.compile(r"\b(val\w*|eval\w*|test\w*)\b", re.IGNORECASE)

NOT_METRICS = ("v_num", "epoch", "step", "global_step")
LONGEST = 120
"""Characters before a bar that can be its title."""


@dataclass(frozen=True)
class Bar:
    """A progress bar as it was drawn once."""

    title: str
    count: int
    total: int
    values: dict[str, str]


def bars(line: str) -> Iterator[Bar]:
    """The bars of a line that have numbers behind them."""
    for found in _BAR.finditer(line):
        values = {name: text for name, text in _VALUE.findall(found[3]) if name not in NOT_METRICS}
        count, total = (as_step(as_number(text)) for text in found.groups()[:2])
        if count is not None and total and any(as_number(v) is not None for v in values.values()):
            yield Bar(line[max(0, found.start() - LONGEST) : found.start()], count, total, values)


def detect(source: Source) -> bool:
    return "%|" in source.head and any(any(bars(line)) for line in source.head.split("\n"))


@dataclass
class _Reader:
    """The state of reading one output, bar by bar."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    unread: Unread = field(default_factory=Unread)
    last: Bar | None = None
    start: int = 0
    """Steps before the bar."""
    first: int | None = None
    """The number of the first epoch: 0, or 1 in a log that begins later."""
    step: int = 0
    joined: bool = False

    def bar(self, bar: Bar) -> None:
        evaluation = _EVALUATION.search(bar.title)
        if not evaluation:
            self._advance(bar)
        row: dict[str, Any] = {"step": self.step}
        for name, text in bar.values.items():
            metric = f"eval/{name}" if evaluation and "/" not in name else name
            row[metric] = self.unread.number(metric, text)
        self.rows.append(row)

    def _advance(self, bar: Bar) -> None:
        if epoch := _EPOCH.search(bar.title):
            number = int(epoch[1])
            self.first = min(number, 1) if self.first is None else self.first
            self.start = max(0, number - self.first) * bar.total
        elif self.last and bar.count < self.last.count:
            whole = self.last.count == self.last.total
            self.start = self.start + self.last.total if whole else 0
        self.joined |= self.start > 0
        self.last, self.step = bar, self.start + bar.count

    def notes(self) -> list[str]:
        said = "the step counts on from bar to bar, as one epoch follows the other"
        return [*([said] if self.joined else []), *self.unread.notes()]


def read(source: Source) -> list[ForeignRun]:
    """The run of the output."""
    reader = _Reader()
    for line in source.lines:
        for bar in bars(line) if "%|" in line else ():
            reader.bar(bar)
    rows = redrawn({n: v for n, v in row.items() if v is not None} for row in reader.rows)
    return [ForeignRun(id=source.run_id, rows=rows, ended=source.time, notes=tuple(reader.notes()))]


FORMAT = LogFormat(
    name="progress_bar",
    title="tqdm progress bars with numbers (Lightning and others)",
    detect=detect,
    read=read,
    lines=r"\d%\|[^|]{0,200}\| *\d[\d.]*[kMG]?/\d[\d.]*[kMG]? \[",
    looks="Epoch 3:  45%|#### | 45/100 [00:10<00:12, 4.4it/s, train_loss=0.5]",
)
