"""Foreign runs to the records of a sweep's folder."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence, Set
from typing import Any

from ilsweep.analysis.formatting import printable
from ilsweep.analysis.importers.grouping import Joined
from ilsweep.analysis.importers.params import canonical
from ilsweep.analysis.importers.source import modified
from ilsweep.analysis.records.curves import NOT_METRICS, effective_rows, read_lines
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths

Row = dict[str, Any]


def store(found: Joined, paths: SweepPaths, others: Set[str]) -> str:
    """Write a run as a trial; its id in the folder.

    A run that is there already is a later look at it: longer, corrected, or of other metrics; what
    it says replaces what was there. Another run of the same id gets a number.

    Args:
        others: Trials of which nothing but a copy is the same run.
    """
    run = found.run
    name = _id_for(found, paths, others)
    trial = paths.trial(name)
    before = read_json(trial.params)
    same_files = _files(found) == (before.get("imported") or {}).get("files")
    rows = _updated(read_lines(trial.metrics), _as_written(run.rows), same_files)
    params = canonical(run.config) or before.get("params") or {}
    seed = params.get("seed")
    content = {
        "id": name,
        "config_id": name,
        "configuration": name,
        "seed": seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
        "searched": {},
        "params": params,
        "name": before.get("name") or printable(run.name or _lost(run.id)),
        "url": run.url or before.get("url") or "",
        "imported": {
            "format": ", ".join(dict.fromkeys(part.format for part in found.parts)),
            "file": ", ".join(part.path.name for part in found.parts),
            "files": _files(found),
            "id": run.id,
            "whole": run.whole,
            "own_id": run.own_id,
        },
    }
    record = {
        "id": name,
        "state": run.state,
        "ended": run.ended or max(modified(part.path) for part in found.parts),
        "seconds": run.seconds,
        "error": run.error,
        "step": max((row["step"] for row in rows), default=0),
    }
    write_atomic(trial.params, to_json(content))
    write_atomic(trial.metrics, "".join(_line(row) for row in rows))
    write_atomic(trial.record, to_json(record))
    return name


def _files(found: Joined) -> list[str]:
    """The files of a run, by what tells them from others of their name."""
    return sorted({str(part.path.absolute()) for part in found.parts})


def _line(row: Mapping[str, Any]) -> str:
    return to_json({"attempt": 1, **row}, indent=None) + "\n"


def _as_written(rows: Sequence[Row]) -> list[Row]:
    return [json.loads(_line(row)) for row in rows]


def _updated(known: list[Row], new: list[Row], same_files: bool) -> list[Row]:
    """The reports of a run after another look at it.

    A look that says the same and more is taken; one that contradicts what is there, or that lacks
    some of it without reaching further, corrects it: of the same files all is replaced, of others
    the metrics that they have. One that says less and nothing else changes nothing.
    """
    old, now = _points(known), _points(new)
    if not old or not now:
        return new or known
    end = max(step for step, _ in now)
    further = end > max(step for step, _ in old)
    same = _rounded if further else _exactly
    contradicts = any(key in old and not same(old[key], value) for key, value in now.items())
    if old.keys() <= now.keys() or (same_files and contradicts):
        return new
    if same_files and not further and any(step <= end for step, _ in old.keys() - now.keys()):
        return new
    if contradicts:
        reached = {name: step for step, name in now}
        old = {key: value for key, value in old.items() if key[0] > reached.get(key[1], -(2**63))}
    return known if now.keys() <= old.keys() else _rows({**now, **old})


def _exactly(one: Any, other: Any) -> bool:
    return bool(one == other)


def _rounded(one: Any, other: Any) -> bool:
    """Whether two numbers are one, printed with four digits or more."""
    if one is None or other is None:
        return one is other
    return bool(abs(one - other) <= 1e-3 * max(abs(one), abs(other)))


Point = tuple[int, str]


def _points(rows: Sequence[Row]) -> dict[Point, Any]:
    """The values by step and metric, of the attempts that count."""
    return {
        (row["step"], name): value
        for row in effective_rows(rows)
        for name, value in row.items()
        if name not in NOT_METRICS
    }


def _rows(points: Mapping[Point, Any]) -> list[Row]:
    rows: dict[int, Row] = {}
    for (step, name), value in points.items():
        rows.setdefault(step, {"attempt": 1, "step": step})[name] = value
    return [rows[step] for step in sorted(rows)]


def _metrics(rows: Sequence[Row]) -> set[str]:
    return {name for row in rows for name in row} - NOT_METRICS


def _id_for(found: Joined, paths: SweepPaths, others: Set[str]) -> str:
    wanted = safe_id(found.run.id)
    name, number = wanted, 1
    while paths.trial(name).root.exists() and not (
        _is_copy(found, paths, name) if name in others else _is_same(found, paths, name)
    ):
        number += 1
        name = f"{wanted}-{number}"
    return name


def _is_same(found: Joined, paths: SweepPaths, name: str) -> bool:
    """Whether the trial is an earlier look at the run.

    The same page or files, or the same id, the same first report and mostly the same others.
    """
    run = found.run
    params = read_json(paths.trial(name).params)
    imported = params.get("imported")
    if not isinstance(imported, dict) or imported.get("id") != run.id:
        return False
    if run.url and run.url == params.get("url"):
        return True
    if set(_files(found)) & set(imported.get("files") or []):
        return True
    known = read_lines(paths.trial(name).metrics)
    now = _as_written(run.rows[:1])
    if run.own_id and imported.get("own_id") and not _metrics(known) & _metrics(run.rows):
        return True
    return next(iter(known), {}) == next(iter(now), {}) and _mostly(known, _as_written(run.rows))


def _is_copy(found: Joined, paths: SweepPaths, name: str) -> bool:
    """Whether the trial says the same throughout: a file named twice, or copied."""
    trial = paths.trial(name)
    known = read_json(trial.params).get("params")
    same = known == json.loads(to_json(canonical(found.run.config)))
    return same and _points(read_lines(trial.metrics)) == _points(_as_written(found.run.rows))


def _mostly(known: Sequence[Row], now: Sequence[Row]) -> bool:
    """Whether most of the points that two looks share, behind the first report, are the same."""
    first = {(known[0]["step"], name) for name in known[0]} if known else set()
    old, new = _points(known), _points(now)
    same = [_rounded(old[point], new[point]) for point in old.keys() & new.keys() - first]
    return 2 * sum(same) >= len(same)


def _lost(name: str) -> str:
    """A name of which an id cannot hold all letters, such as a Chinese one."""
    return "" if name.isascii() else name


def safe_id(text: str) -> str:
    """A file name of letters, digits, `.`, `_` and `-` that is not hidden and not long."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-")
    if not name or len(name) > 80:
        digest = hashlib.sha1(text.encode("utf-8", "replace")).hexdigest()[:8]
        name = f"{name[:60]}-{digest}".lstrip("-")
    return name
