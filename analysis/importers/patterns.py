r"""Any script's lines by the user's expressions, as a spec's `patterns:` and `import --pattern`.

An expression finds a number by its one group (`loss=(\S+)`, under a name given beside it), or
several by named ones (`Step (?P<step>\d+), Loss: (?P<train_loss>[\d.]+)`). A step begins a
report; where no expression finds one, the first metric does, and the reports are counted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ilsweep.analysis.importers.epochs import counted_on
from ilsweep.analysis.importers.metric_names import episodes_of, grouped, is_success, known
from ilsweep.analysis.importers.numbers import Unread, as_number, as_step
from ilsweep.analysis.importers.source import ForeignRun, ImportRefused, Source

STEP = "step"


class BadPattern(ImportRefused):
    """An expression that cannot be used. Its text is one line for the user."""


@dataclass
class Patterns:
    """What is looked for in each line."""

    metrics: Sequence[tuple[str, re.Pattern[str]]]
    """Metric, and an expression with one group; or nothing, and one with named groups."""
    step: re.Pattern[str] | None = None
    unread: Unread = field(default_factory=Unread)
    lost: bool = False
    """Whether a step is looked for and none was found in several reports: these are counted."""
    said: list[str] = field(default_factory=list)
    """Of steps that are counted within each epoch, where an expression finds the epoch."""

    def rows(self, lines: Iterable[str]) -> list[dict[str, Any]]:
        """The reports in the order of the lines."""
        first, step, told = self._first(), 0, self.step is not None
        rows: list[dict[str, Any]] = []
        self.lost = told
        for line in lines:
            found = self._found(line)
            if STEP in found:
                number = as_step(as_number(found.pop(STEP).partition("/")[0]))  # 2000/3000
                step, told = (step if number is None else number), True
                self.lost = self.lost and number is None
            step += not told and first in found
            values = {name: self.unread.number(name, text) for name, text in found.items()}
            row = {name: value for name, value in values.items() if value is not None}
            if row:
                rows.append({"step": step, **row, **episodes_of(found)})
        self.lost = self.lost and sum(first in row for row in rows) > 1
        if self.lost:
            return _counted(rows, first)
        rows, self.said = counted_on(rows, STEP)
        return rows

    def _first(self) -> str:
        """The metric that begins a report where no step does."""
        name, pattern = self.metrics[0]
        return name or next((_called(n) for n in pattern.groupindex if n != STEP), "")

    def _found(self, line: str) -> dict[str, str]:
        """Texts by metric, the step first; a group that matched nothing finds none."""
        found: dict[str, Any] = {}
        if self.step and (match := self.step.search(line)):
            found[STEP] = match[1]
        for name, pattern in self.metrics:
            if match := pattern.search(line):
                named = {_called(n): text for n, text in match.groupdict().items()}
                pairs = (named or {name: match[1]}).items()
                found |= {metric: text for metric, text in pairs if text is not None}
        return {metric: text for metric, text in found.items() if text is not None}


def _counted(rows: Iterable[Mapping[str, Any]], first: str) -> list[dict[str, Any]]:
    """Each report at its number instead of all at step 0, where only the last would stay."""
    step = 0
    counted = []
    for row in rows:
        step += first in row
        counted.append({**row, "step": step})
    return counted


def _called(name: str) -> str:
    """A metric by the table; a success rate stays as it is, until its scale is known."""
    return name if is_success(name) else known(name)


def patterns_of(metrics: Mapping[str, str], step: str, keep: Collection[str]) -> Patterns:
    """A spec's patterns, metric to an expression; `keep` as for `metric_names.recorded`."""
    compiled = [
        (grouped(name) if grouped(name) in keep else _called(name), re.compile(text))
        for name, text in metrics.items()
    ]
    return Patterns(compiled, re.compile(step) if step else None)


def from_arguments(texts: Sequence[str], step: str = "") -> Patterns:
    """Those of a command line, `NAME=EXPRESSION` or an expression with named groups.

    Raises:
        BadPattern: an expression does not compile, or has not the groups that it needs.
    """
    metrics: list[tuple[str, re.Pattern[str]]] = []
    for text in texts:
        pattern = _compiled("--pattern", text)
        name = ""
        if not pattern.groupindex:
            name, _, rest = text.partition("=")
            pattern = _compiled("--pattern", rest)
            if pattern.groups != 1 or not re.fullmatch(r"[\w/.-]{1,200}", name):
                raise BadPattern(
                    f"--pattern: needs NAME=EXPRESSION with one group around the number, or named "
                    f"groups, got {text!r}; valid: 'loss=(?P<train_loss>\\S+)'"
                )
        metrics.append((_called(name) if name else "", pattern))
    if step and _compiled("--step", step).groups != 1:
        raise BadPattern(
            f"--step: needs one group around the number, got {step!r}; valid: 'Step (\\d+)'"
        )
    return Patterns(metrics, re.compile(step) if step else None)


def _compiled(option: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise BadPattern(f"{option}: {text!r} is no regular expression ({error})") from None


def read(source: Source, patterns: Patterns) -> list[ForeignRun]:
    """The run of a file by the user's expressions."""
    mine = Patterns(patterns.metrics, patterns.step)
    rows = mine.rows(source.lines)
    notes = mine.unread.notes()
    if rows and mine.step is None and not any(STEP in p.groupindex for _, p in mine.metrics):
        notes.append("no expression finds a step: the reports are counted from 1")
    notes += mine.said
    if mine.lost:
        notes.append("--step finds none in it: the reports are counted from 1")
    return [ForeignRun(id=source.run_id, rows=rows, ended=source.time, notes=tuple(notes))]
