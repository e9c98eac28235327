"""What is said of a file that cannot be imported: one line, with the nearest format and a way.

ImportRefused
    UnknownFormat    a file in no known format
      NoReports      a file in a known one, that holds nothing
"""

from __future__ import annotations

import re
from pathlib import Path

from ilsweep.analysis.importers.registry import FORMATS
from ilsweep.analysis.importers.source import HEAD_BYTES, ImportRefused, Source

BY_PATTERNS = "any other log by --pattern 'loss=(?P<train_loss>\\S+)' --step 'Step (\\d+)'"

ALIKE = 0.6
"""So many of a format's words have to stand in a file that is called nearly of it."""


class UnknownFormat(ImportRefused):
    """A file in no known format."""

    def __init__(self, source: Source) -> None:
        if source.blank:
            why = "is cut short before anything can be read of it" if source.torn else "is empty"
            super().__init__(f"{source.path}: {why}; valid: a log, a table or an export of a run")
            return
        known = "; ".join(entry.title for entry in FORMATS)
        super().__init__(
            f"{source.path}: not in a format that can be imported{nearest(source)}{_long(source)}; "
            f"known are: {known}; and {BY_PATTERNS}"
        )


class NoReports(UnknownFormat):
    """A file in a known format without a single report."""

    def __init__(self, path: Path, name: str) -> None:
        ImportRefused.__init__(
            self, f"{path}: looks like {name}, but holds no report with a metric"
        )


def nearest(source: Source) -> str:
    """The format whose words stand in a file most often, in brackets; empty where none does."""
    if b"\x00" in source.content[:4096]:
        return ""
    head = source.head[:100_000]
    best = max(FORMATS, key=lambda entry: _share(entry.looks, head))
    if _share(best.looks, head) < ALIKE:
        return ""
    return f" (nearest: {best.title}, of which a line looks like {best.looks!r})"


def _long(source: Source) -> str:
    """Said of a file whose first line is longer than what a format is told from."""
    whole = len(source.content) > HEAD_BYTES and "\n" not in source.head.lstrip()
    return f" (its first line is longer than {HEAD_BYTES >> 20} MiB)" if whole else ""


def _share(looks: str, head: str) -> float:
    words = [word for word in re.findall(r"[A-Za-z_]{3,}", looks) if word not in ("above", "then")]
    return sum(word in head for word in words) / len(words) if len(words) > 1 else 0.0
