"""Foreign runs to records: one format a module, told by content, each with `detect` and `read`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.registry import FORMATS, NoSuchFormat, detected, find
from ilsweep.analysis.importers.source import ForeignRun, Source, modified
from ilsweep.analysis.importers.store import keep_apart, mark_searched, store
from ilsweep.analysis.records.files import MOST_BYTES, read_regular
from ilsweep.analysis.records.paths import SweepPaths

__all__ = [
    "FORMATS",
    "ForeignRun",
    "LogFormat",
    "NoReports",
    "NoSuchFormat",
    "UnknownFormat",
    "find",
    "import_runs",
    "read_runs",
]


class UnknownFormat(ValueError):  # noqa: N818 - the name says what is wrong
    """A file in no known format."""

    def __init__(self, path: Path) -> None:
        known = "; ".join(entry.title for entry in FORMATS)
        super().__init__(f"{path}: not in a format that can be imported; known are: {known}")


class NoReports(UnknownFormat):
    """A file in a known format without a single report."""

    def __init__(self, path: Path, name: str) -> None:
        ValueError.__init__(self, f"{path}: looks like {name}, but holds no report with a metric")


def read_runs(path: Path, format_name: str = "") -> tuple[str, list[ForeignRun]]:
    """The format's title and the runs in a file; the format is detected where none is named.

    Raises:
        NoSuchFormat: `format_name` leads to no format.
        UnknownFormat: no format fits.
        OSError: the file cannot be read, is no regular one, or is larger than MOST_BYTES.
    """
    try:
        source = Source(path, read_regular(path, MOST_BYTES))
    except OSError as error:
        raise OSError(f"{path}: {error.strerror}") from None
    found = find(format_name) if format_name else detected(source)
    if found is None:
        raise UnknownFormat(path)
    return found.title, found.read(source)


def import_runs(files: Iterable[Path], into: Path, format_name: str = "") -> list[str]:
    """Write the runs of `files` as trials of the folder `into`; their ids, in order.

    All files are read before anything is written. A run that is there already is continued.

    Raises:
        NoSuchFormat: `format_name` leads to no format.
        UnknownFormat: a file is in no known format.
        NoReports: a file is in a known one, and holds nothing.
        OSError: a file cannot be read, or the folder cannot be written.
    """
    read = [(path, *read_runs(path, format_name)) for path in map(Path, files)]
    for path, name, runs in read:
        if not any(run.rows for run in runs):
            raise NoReports(path, name)
    paths = SweepPaths(into)
    ids = [
        store(run, paths, name, path, modified(path)) for path, name, runs in read for run in runs
    ]
    mark_searched(paths)
    keep_apart(paths)
    return list(dict.fromkeys(ids))
