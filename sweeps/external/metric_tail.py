"""A command's metrics while it runs, read by the readers of `ilsweep import`.

Those read whole files. Here each is given what a source has written so far, and only what is new in
its answer counts. To stay cheap, only lines that can matter are kept, within bounds, and a source
is read again after twenty times as long as reading it took. The first reading does not count: it
imports what its format needs, which may take longer than any reading.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from ilsweep.analysis.importers.log_format import JSON_LINES
from ilsweep.analysis.importers.metric_names import known, recorded
from ilsweep.analysis.importers.numbers import as_metric
from ilsweep.analysis.importers.patterns import patterns_of
from ilsweep.analysis.importers.registry import find
from ilsweep.analysis.importers.source import Source, merge_rows
from ilsweep.sweeps.external.job_paths import newest
from ilsweep.sweeps.spec.command import MetricSource

Row = dict[str, Any]
"""A report: `step`, and metrics by name."""

MOST_KEPT = 16 << 20
"""Bytes of a source that are looked at; of a longer one the older half is forgotten."""

MOST_AT_ONCE = 200
"""Reports that one look gives at most; of more, neighbours are taken together."""

PATIENCE = 20
"""Times that reading takes are waited before reading again."""


def keep(source: MetricSource) -> list[str]:
    """Regular expressions for the lines of a source that matter."""
    if source.format == "patterns":
        return [*source.patterns.values(), *filter(None, [source.step])]
    return [find(source.format).lines or ""]


class SourceTail:
    """One source: what is new in it at each look."""

    def __init__(
        self, source: MetricSource, folder: Path, reports: Path, keep: Collection[str] = ()
    ) -> None:
        self._source, self._folder, self._reports, self._keep = source, folder, reports, keep
        self._format = None if source.patterns else find(source.format)
        self._binary = self._format is not None and self._format.binary
        self._path: Path | None = None
        self._read_to = 0
        self._content = b""
        self._next = 0.0
        self._imported = False
        self._complete = False
        self.texts: dict[str, str] = {}
        """Metrics that came as something else than a number, and what came."""
        self.clashes: set[str] = set()
        """Metrics that came beside one that has their full name."""

    def rows(self, *, last: bool) -> list[Row] | None:
        """Everything the source says by now; None where it says nothing new."""
        if self._complete or (not last and time.monotonic() < self._next):
            return None
        began = time.monotonic()
        if not self._grow() and not last:
            return None
        self._complete = last
        rows = self._read()
        if self._imported:
            self._next = time.monotonic() + PATIENCE * (time.monotonic() - began)
        self._imported = True
        return rows

    def _grow(self) -> bool:
        """Take in what was added; whether anything was."""
        with suppress(FileNotFoundError):  # taken away meanwhile, as a script's old files are
            path = self._newest()
            return path is not None and self._take_in(path)
        return False

    def _take_in(self, path: Path) -> bool:
        if path != self._path or path.stat().st_size < self._read_to:
            self._path, self._read_to, self._content = path, 0, b""
        with path.open("rb") as file:
            file.seek(self._read_to)
            added = file.read(MOST_KEPT)
        self._read_to += len(added)
        self._content += added
        if len(self._content) > MOST_KEPT and not self._binary:
            half = self._content[-MOST_KEPT // 2 :]
            self._content = half[half.find(b"\n") + 1 :]
        return bool(added)

    def _newest(self) -> Path | None:
        if not self._source.file:
            return self._reports if self._reports.exists() else None
        return newest(path for path in self._folder.glob(self._source.file) if path.is_file())

    def _read(self) -> list[Row]:
        content = self._content
        if not self._complete and not self._binary:
            content = content[: content.rfind(b"\n") + 1]  # the last line may be half written
        if self._format is None:
            return self._by_patterns(content)
        source = Source(self._path or self._reports, content)
        if self._format.lines == JSON_LINES:
            self._note_texts(source)
        runs = self._format.read(source)
        rows = [row for run in runs for row in merge_rows(run.rows)]
        self.clashes |= {name for row in rows for name in row if _clashes(name, row)}
        return recorded(rows, self._keep, self._source.names)

    def _note_texts(self, source: Source) -> None:
        for value in source.objects():
            for name, item in value.items():
                if isinstance(item, str) and as_metric(item) is None:
                    self.texts[known(name)] = item

    def _by_patterns(self, content: bytes) -> list[Row]:
        """Reports by the user's expressions: a `step` begins one, or else the first metric does."""
        patterns = patterns_of(self._source.patterns, self._source.step, self._keep)
        lines = Source(self._path or self._reports, content).lines
        rows = recorded(merge_rows(patterns.rows(lines)), self._keep, self._source.names)
        self.texts |= patterns.unread.texts
        return rows


class MetricTail:
    """All sources of a command."""

    def __init__(
        self,
        sources: Sequence[MetricSource],
        folder: Path,
        reports: Path,
        keep: Collection[str] = (),
    ) -> None:
        """`keep` are the names of metrics that the spec itself gives, and that stay."""
        self._sources = [SourceTail(source, folder, reports, keep) for source in sources]
        self._reported: dict[int, set[str]] = {}
        self.names: set[str] = set()
        """Metrics that have come."""

    @property
    def texts(self) -> dict[str, str]:
        return {name: text for source in self._sources for name, text in source.texts.items()}

    @property
    def clashes(self) -> set[str]:
        return {name for source in self._sources for name in source.clashes}

    def new(self, *, last: bool = False) -> list[Row]:
        """Reports, and metrics of earlier reports, that were not there at the look before."""
        fresh: list[Row] = []
        for source in self._sources:
            fresh += [self._unreported(row) for row in source.rows(last=last) or []]
        return thin(merge_rows(fresh), MOST_AT_ONCE)

    def unrecorded(self, recorded: Iterable[Row]) -> list[Row]:
        """All reports from the first on that is not whole among those `recorded` already."""
        known = {(row.get("step"), name) for row in recorded for name in row}
        read = (source.rows(last=True) or [] for source in self._sources)
        rows = merge_rows([self._unreported(row) for found in read for row in found])
        fresh = (i for i, row in enumerate(rows) if not {(row["step"], n) for n in row} <= known)
        return thin(rows[next(fresh, len(rows)) :], MOST_AT_ONCE)

    def _unreported(self, row: Row) -> Row:
        known = self._reported.setdefault(row["step"], set())
        new = {name: value for name, value in row.items() if name not in known}
        known.update(new)
        known.discard("step")
        self.names.update(name for name in new if name != "step")
        return {"step": row["step"], **new}


def thin(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many reports.

    Neighbours taken together at the last one's step, later values counting, so that a rare metric
    is not lost.
    """
    if len(rows) <= most:
        return list(rows)
    cuts = [len(rows) * i // most for i in range(most + 1)]
    return [_together(rows[a:b]) for a, b in pairwise(cuts)]


def _together(rows: Iterable[Row]) -> Row:
    result: Row = {}
    for row in rows:
        result |= row
    return result


def _clashes(name: str, row: Row) -> bool:
    return "/" not in name and name != "step" and known(name) in row
