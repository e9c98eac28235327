"""Foreign runs to records.

Formats told by content, files of one run joined, nothing pooled that is not known to be equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from os.path import realpath
from pathlib import Path

from ilsweep.analysis.importers import patterns as by_patterns
from ilsweep.analysis.importers.also import also
from ilsweep.analysis.importers.arguments import NothingThere, files_of, names_from
from ilsweep.analysis.importers.chosen_metric import Goal, NoSuchMetric, enter, objective_of
from ilsweep.analysis.importers.configurations import compare
from ilsweep.analysis.importers.endings import with_ending
from ilsweep.analysis.importers.folders import place_of
from ilsweep.analysis.importers.formats import config_file, csv_file, json_rows, own_trial
from ilsweep.analysis.importers.grouping import Joined, Part, joined
from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.metric_names import NOT_NAMES, meant, recorded
from ilsweep.analysis.importers.patterns import BadPattern, Patterns
from ilsweep.analysis.importers.refusal import (
    BY_EXPRESSIONS,
    NoReports,
    NoRun,
    UnknownFormat,
    by_own_patterns,
)
from ilsweep.analysis.importers.registry import FORMATS, NoSuchFormat, detected, find
from ilsweep.analysis.importers.source import (
    ForeignRun,
    ImportRefused,
    Source,
    TooWide,
    open_source,
)
from ilsweep.analysis.importers.store import store
from ilsweep.analysis.importers.tables import ANY, Choice
from ilsweep.analysis.records.paths import SweepPaths

__all__ = [
    "FORMATS",
    "BadPattern",
    "Choice",
    "ForeignRun",
    "Goal",
    "ImportRefused",
    "LogFormat",
    "NoReports",
    "NoSuchFormat",
    "NoSuchMetric",
    "NothingThere",
    "UnknownFormat",
    "find",
    "import_runs",
    "names_from",
    "read_runs",
]

MOST_NOTES = 20
"""Lines that are said of one import."""

OF_TABLES = {csv_file.FORMAT.name: csv_file.read, json_rows.FORMAT.name: json_rows.read}
"""Formats in which the user may say which column is the step and which the run."""


@dataclass(frozen=True)
class How:
    """How files are read, where they are not left to be told by their content."""

    format: str = ""
    """A format's name, or `module:NAME`."""
    patterns: Patterns | None = None
    """The user's expressions, instead of a format."""
    columns: Choice = ANY
    """Columns of a table that the user names."""
    goal: Goal | None = None
    """The metric that the runs are to be judged by."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Further entries of the table of metric names, their name to ours."""


DETECTED = How()


def read_runs(path: Path, how: How = DETECTED) -> tuple[str, list[ForeignRun]]:
    """The format's title and the runs in a file, metrics by the names of the table.

    Raises:
        NoSuchFormat: `how.format` leads to no format.
        UnknownFormat: no format fits.
        TooWide: a table of too many columns.
        OSError: the file cannot be read, is no regular one, or is larger than MOST_BYTES.
    """
    try:
        source = open_source(path)
    except OSError as error:
        raise OSError(f"{path}: {error.strerror or error}") from None
    title, runs = _read(source, how)
    named = [replace(run, rows=recorded(run.rows, more=how.names)) for run in runs]
    said = ["the compressed file is cut short: what comes before is read"] if source.torn else []
    if source.labels:
        said.append(f"{source.labels}")
    return title, [replace(run, notes=(*run.notes, *said)) for run in named]


def _read(source: Source, how: How) -> tuple[str, list[ForeignRun]]:
    if own_trial.is_no_run(source.path) or source.content.startswith(own_trial.TABLE):
        raise NoRun(source.path)
    if how.patterns is not None:
        runs = by_patterns.read(source, how.patterns)
        return BY_EXPRESSIONS, with_ending(source, runs, None)
    found = find(how.format) if how.format else detected(source)
    if found is None:
        raise UnknownFormat(source)
    of_tables = OF_TABLES.get(found.name)
    runs = of_tables(source, how.columns) if of_tables else found.read(source)
    if found.lines:
        runs = with_ending(source, runs, found.lines)
    if how.format or not runs:
        return found.title, runs
    notes = also(source, found, runs)
    return found.title, [replace(runs[0], notes=(*runs[0].notes, *notes)), *runs[1:]]


def import_runs(
    files: Iterable[Path | str],
    into: Path,
    how: How = DETECTED,
    say: Callable[[str], object] = lambda note: None,
) -> list[str]:
    """Write the runs of `files` as trials of the folder `into`; their ids, in order.

    Args:
        files: Files, folders, globs, or `RUN=FILE,FILE`.
        into: A sweep's folder, made where it is not there.
        how: A format, expressions or columns that the user names.
        say: Gets each guess and each thing not understood, one line each.

    All files are read before anything is written. A run that is there already is continued.

    Raises:
        NoSuchFormat: `how.format` leads to no format.
        UnknownFormat: a file is in no known format.
        TooWide: a file is a table of too many columns.
        NoReports: a file is in a known one, and holds nothing.
        NothingThere: an argument names no file.
        NoSuchMetric: none of the runs logged the metric that `how.goal` names.
        OSError: a file cannot be read, or the folder cannot be written.
    """
    if into.exists() and not into.is_dir():
        raise NotADirectoryError(f"--into: {into} is a file; valid: a folder, or a new name")
    named = [str(file) for file in files]
    parts, passed = _all_parts(into, named, how)
    if not any(part.run.rows for part in parts):
        raise _nothing(parts, passed)
    found = [run for run in map(_configured, joined(parts)) if run.run.rows]
    notes = [note for run in found for note in run.notes]
    if any(Path(text).is_dir() for text in named):
        notes += own_trial.left_out(part.path for part in parts)
    if passed:
        notes.append(f"passed over: {', '.join(map(str, passed[:5]))}, {len(passed)} in all")
    paths = SweepPaths(into)
    logged = {name for run in found for row in run.run.rows for name in row if name != "step"}
    notes += [f"--name {theirs}: was never logged" for theirs, ours in how.names.items()
              if meant(ours) not in logged]  # fmt: skip
    objective = objective_of(how.goal, logged, paths) if how.goal else None
    ids = _stored(found, paths)
    notes += [f"{theirs}: called {ours}, as an id has ASCII letters"
              for theirs, ours in zip((run.run.id for run in found), ids, strict=True)
              if not theirs.isascii()]  # fmt: skip
    notes = list(dict.fromkeys(compare(paths) + notes))
    if objective:
        enter(objective, paths)
    for note in notes[:MOST_NOTES]:
        say(note)
    if len(notes) > MOST_NOTES:
        say(f"{len(notes) - MOST_NOTES} more notes are left out")
    return list(dict.fromkeys(ids))


def _all_parts(into: Path, files: list[str], how: How) -> tuple[list[Part], list[Path]]:
    """What the files say, and those of folders and globs that are in no known format."""
    parts: list[Part] = []
    passed: list[Path] = []
    for run, path, named in _outside(into, files):
        try:
            parts += _parts(path, run, how)
        except (UnknownFormat, TooWide):
            if named:
                raise
            passed.append(path)
    return parts, passed


def _outside(into: Path, arguments: list[str]) -> list[tuple[str, Path, bool]]:
    """The files that are meant, but for trials of the folder `into` itself."""
    files = list(files_of(arguments))
    trials = SweepPaths(Path(realpath(into))).trials
    found = [file for file in files if trials not in Path(realpath(file[1])).parents]
    if files and not found:
        raise NothingThere(f"--into: {into} holds {files[0][1]} already; valid: another folder")
    return found


def _stored(found: Iterable[Joined], paths: SweepPaths) -> list[str]:
    """The runs' ids; what is read together is known to be of different runs, but for copies."""
    ids: list[str] = []
    for one in found:
        ids.append(store(one, paths, set(ids)))
    return ids


def _parts(path: Path, run: str, how: How) -> list[Part]:
    name, runs = read_runs(path, how)
    used = [r for r in runs if r.kind == "configuration" or any(map(_metrics_of, r.rows))]
    if not used:
        raise NoReports(path, name)
    return [Part(path, name, r, run if len(used) == 1 else "") for r in used]


def _metrics_of(row: Mapping[str, object]) -> set[str]:
    return {name for name, value in row.items() if value is not None} - set(NOT_NAMES)


def _nothing(parts: list[Part], passed: list[Path]) -> ValueError:
    if parts:
        return NoReports(parts[0].path, parts[0].format)
    shown = ", ".join(str(path) for path in passed[:5])
    why = f"{passed[0].parent}: none of its files is in a known format ({shown})"
    return NothingThere(f"{why}{by_own_patterns(passed)}")


def _configured(found: Joined) -> Joined:
    """A run called as its folder is gets the configuration there, where its log holds none."""
    if found.run.whole or len({place_of(part.path).key for part in found.parts}) != 1:
        return found
    place = place_of(found.parts[0].path)
    of_the_folder = not place.head and found.run.id == place.name
    path = config_file.beside(place.folder) if of_the_folder else None
    if path is None:
        return found
    try:
        source = open_source(path)
    except OSError:
        return found
    if not config_file.detect(source):
        return found
    (run,) = config_file.read(source)
    note = f"{found.run.id}: its configuration is read from {path}"
    config = {**run.config, **{k: v for k, v in found.run.config.items() if k not in run.config}}
    return replace(
        found, run=replace(found.run, config=config, whole=True), notes=(*found.notes, note)
    )
