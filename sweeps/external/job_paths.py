"""What a command leaves in its trial's folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ilsweep.analysis.importers.numbers import COLOUR
from ilsweep.analysis.records.paths import TrialPaths


@dataclass(frozen=True)
class JobPaths:
    """Where a command and its supervisor write."""

    trial: TrialPaths

    @property
    def folder(self) -> Path:
        """The command's own folder; `{folder}`."""
        return self.trial.root / "run"

    @property
    def config(self) -> Path:
        """The trial's own copy of the configuration; `{config}`."""
        return self.folder / "config.json"

    @property
    def output(self) -> Path:
        """What it printed."""
        return self.trial.root / "output.log"

    @property
    def reports(self) -> Path:
        """The printed lines that hold metrics."""
        return self.trial.root / "reports.log"

    @property
    def after(self) -> Path:
        """What the command that comes after it printed."""
        return self.trial.root / "after.log"

    @property
    def probes(self) -> Path:
        """The printed lines of that one that hold metrics."""
        return self.trial.root / "after.jsonl"

    @property
    def record(self) -> Path:
        """How it was called, and how it ended."""
        return self.trial.root / "command.json"

    @property
    def _pieces(self) -> list[Path]:
        """The output while it is written, in order."""
        return [self.output, self.output.with_suffix(".before"), self.output.with_suffix(".late")]

    def printed(self) -> int:
        """When something was last printed, in nanoseconds of the file system's clock; 0: never."""
        found = (_stat(path) for path in self._pieces)
        return max((one.st_mtime_ns for one in found if one and one.st_size), default=0)

    def tail(self, most: int) -> list[str]:
        """The last lines of the output, as text that can be shown, from so many bytes."""
        pieces = [path for path in self._pieces if (one := _stat(path)) and one.st_size]
        if not pieces:
            return []
        with pieces[-1].open("rb") as file:
            file.seek(max(0, pieces[-1].stat().st_size - most))
            text = COLOUR.sub("", file.read().decode("utf-8", "replace")).replace("\r", "\n")
        lines = ["".join(c if c.isprintable() else " " for c in line) for line in text.split("\n")]
        return [line for line in lines if line.strip()]


def newest(paths: Iterable[Path]) -> Path | None:
    """The one that was changed last; None where none is there any more.

    The file system's clock ticks every few milliseconds: of those of one tick, the last by name,
    whose numbers count as numbers.
    """
    dated = []
    for path in paths:
        with suppress(FileNotFoundError):  # taken away meanwhile
            dated.append((path.stat().st_mtime_ns, _with_numbers(path), path))
    return max(dated)[-1] if dated else None


def _with_numbers(path: Path) -> list[str | int]:
    parts = re.split(r"(\d+)", str(path))
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]


def _stat(path: Path) -> os.stat_result | None:
    """None where there is none: its supervisor turns the pieces while somebody looks at them."""
    try:
        return path.stat()
    except OSError:
        return None
