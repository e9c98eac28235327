"""What is said of a file that cannot be imported: one line, with the nearest format and a way.

ImportRefused
    UnknownFormat    a file in no known format
      NoReports      a file in a known one, that holds nothing
      NoRun          a file of a sweep of ours, in which no reports are
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ilsweep.analysis.importers.registry import FORMATS
from ilsweep.analysis.importers.source import HEAD_BYTES, ImportRefused, Source, open_source
from ilsweep.analysis.importers.suggestion import nearest, own_patterns

BY_PATTERNS = "--pattern 'loss=(?P<train_loss>\\S+)' --step 'Step (\\d+)'"


BY_EXPRESSIONS = "patterns"
"""The title of what was read by the user's expressions."""


ARCHIVES = (
    (0, b"PK\x03\x04", "a zip archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
)
"""What is not unpacked: where its mark stands, and the mark."""


class UnknownFormat(ImportRefused):
    """A file in no known format."""

    def __init__(self, source: Source) -> None:
        if source.blank:
            why = "is cut short before anything can be read of it" if source.torn else "is empty"
            super().__init__(f"{source.path}: {why}; valid: a log, a table or an export of a run")
            return
        for place, mark, what in ARCHIVES:
            if source.content.startswith(mark, place):
                super().__init__(f"{source.path}: is {what}; valid: the files in it, unpacked")
                return
        known = "; ".join(entry.title for entry in FORMATS)
        super().__init__(
            f"{source.path}: not in a format that can be imported{_nearest(source)}"
            f"{_long(source)}; {_by_patterns(source)}; known are: {known}"
        )


class NoReports(UnknownFormat):
    """A file in a known format, or read by expressions, without a single report."""

    def __init__(self, path: Path, name: str) -> None:
        what = f"looks like {name}, but holds no report with a metric"
        if name == BY_EXPRESSIONS:
            what = "no number in it is found by --pattern"
        ImportRefused.__init__(self, f"{path}: {what}")


class NoRun(UnknownFormat):
    """A file of a sweep of ours, in which no reports are."""

    def __init__(self, path: Path) -> None:
        rule = "belongs to a sweep of ilsweep's, and holds no reports"
        valid = "the sweep's folder, trials/ID/metrics.jsonl in it, or export-table --curves"
        ImportRefused.__init__(self, f"{path}: {rule}; valid: {valid}")


def _nearest(source: Source) -> str:
    """The format that a line of the file looks most like, in brackets; empty where none does."""
    found = nearest(source)
    if found is None:
        return ""
    return f" (nearest: {found.title}, of which a line looks like {found.looks!r})"


def by_own_patterns(paths: Sequence[Path]) -> str:
    """The expressions that read the first of some files of which any are known."""
    for path in paths[:5]:
        if own := own_patterns(open_source(path)):
            return f"; the lines of {path.name} are read by {own}"
    return ""


def _by_patterns(source: Source) -> str:
    if own := own_patterns(source):
        return f"its lines are read by {own}"
    return f"any log is read by {BY_PATTERNS}"


def _long(source: Source) -> str:
    """Said of a file whose first line is longer than what a format is told from."""
    whole = len(source.content) > HEAD_BYTES and "\n" not in source.head.lstrip()
    return f" (its first line is longer than {HEAD_BYTES >> 20} MiB)" if whole else ""
