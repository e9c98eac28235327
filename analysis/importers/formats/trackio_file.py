"""A trackio database, `PROJECT.db` (gradio-app/trackio, `trackio/sqlite_storage.py`).

The table `metrics` has a row for each call of `log`: run, step, and the metrics as JSON; `configs`,
where there is one, has each run's configuration. Later versions name a run by id beside its name.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import quote

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import as_step, numbers_of
from ilsweep.analysis.importers.source import ForeignRun, Source, flatten, parse_json
from ilsweep.analysis.importers.tables import one_run

MAGIC = b"SQLite format 3\x00"


def detect(source: Source) -> bool:
    if not source.content.startswith(MAGIC):
        return False
    try:
        with closing(_open(source)) as database:
            return {"run_name", "step", "metrics"} <= _columns(database, "metrics")
    except sqlite3.Error:
        return False


def read(source: Source) -> list[ForeignRun]:
    """Every run of the database; of a damaged one, what can be read."""
    rows: dict[str, list[dict[str, Any]]] = {}
    configs: dict[str, Any] = {}
    try:
        with closing(_open(source)) as database:
            for name, step, text in database.execute(
                "SELECT run_name, step, metrics FROM metrics ORDER BY run_name, id"
            ):
                value, at = parse_json(str(text)), as_step(step)
                if isinstance(value, dict) and at is not None:
                    flat = numbers_of(flatten(value, joiner="/"))
                    rows.setdefault(str(name), []).append({"_step": at, **flat})
            if {"run_name", "config"} <= _columns(database, "configs"):
                found = database.execute("SELECT run_name, config FROM configs")
                configs = {str(name): parse_json(str(text)) for name, text in found}
    except sqlite3.Error:
        pass
    return [_run(name, part, configs.get(name)) for name, part in rows.items()]


def _run(name: str, rows: list[dict[str, Any]], config: Any) -> ForeignRun:
    reports, notes = one_run(rows)
    given = config if isinstance(config, dict) else {}
    known = {key: value for key, value in given.items() if not key.startswith("_")}
    return ForeignRun(
        id=name, name=name, rows=reports, config=known, whole=bool(known), own_id=True, notes=notes
    )


def _open(source: Source) -> sqlite3.Connection:
    """The file for reading, with what its writer has not yet moved into it (`-wal`)."""
    return sqlite3.connect(f"file:{quote(str(source.path.resolve()))}?mode=ro", uri=True)


def _columns(database: sqlite3.Connection, table: str) -> set[str]:
    return {str(row[1]) for row in database.execute(f"PRAGMA table_info({table})")}


FORMAT = LogFormat(
    name="trackio",
    title="trackio database (.db)",
    detect=detect,
    read=read,
    looks="a table metrics with run_name, step and metrics",
)
