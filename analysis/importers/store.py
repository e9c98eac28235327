"""Foreign runs to the records of a sweep's folder."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ilsweep.analysis.formatting import printable
from ilsweep.analysis.importers.params import canonical, identity
from ilsweep.analysis.importers.source import ForeignRun
from ilsweep.analysis.records.curves import read_lines
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.identity import configuration_key
from ilsweep.analysis.records.paths import SweepPaths

MAX_SEARCHED = 12
"""More differing parameters than this are differences of set-up, not a search."""


def store(run: ForeignRun, paths: SweepPaths, format_name: str, file: Path, ended: str) -> str:
    """Write a run as a trial; its id in the folder.

    A run that is there already is a later look at it: its earlier reports stay, later ones are
    added. Another run of the same id gets a number.
    """
    name = _id_for(run, paths)
    trial = paths.trial(name)
    known = read_lines(trial.metrics)
    before = read_json(trial.params)
    reached = max((row["step"] for row in known if isinstance(row.get("step"), int)), default=None)
    rows = known + [row for row in run.rows if reached is None or row["step"] > reached]
    params = canonical(run.config) or before.get("params") or {}
    seed = params.get("seed")
    label = config_id(params) or name
    content = {
        "id": name,
        "config_id": label,
        "configuration": label,
        "seed": seed if isinstance(seed, int) else None,
        "searched": {},
        "params": params,
        "name": before.get("name") or printable(run.name),
        "url": run.url or before.get("url") or "",
        "imported": {"format": format_name, "file": file.name, "id": run.id},
    }
    record = {
        "id": name,
        "state": run.state,
        "ended": run.ended or ended,
        "seconds": run.seconds,
        "error": run.error,
        "step": max((row["step"] for row in rows), default=0),
    }
    write_atomic(trial.params, to_json(content))
    write_atomic(trial.metrics, "".join(_line(row) for row in rows))
    write_atomic(trial.record, to_json(record))
    return name


def _line(row: Mapping[str, Any]) -> str:
    return to_json({"attempt": 1, **row}, indent=None) + "\n"


def _id_for(run: ForeignRun, paths: SweepPaths) -> str:
    wanted = safe_id(run.id)
    name, number = wanted, 1
    while paths.trial(name).root.exists() and not _is_same(run, paths, name):
        number += 1
        name = f"{wanted}-{number}"
    return name


def _is_same(run: ForeignRun, paths: SweepPaths, name: str) -> bool:
    """Whether the trial is an earlier look at the run: same page, or same id and first report."""
    params = read_json(paths.trial(name).params)
    imported = params.get("imported")
    if not isinstance(imported, dict) or imported.get("id") != run.id:
        return False
    if run.url and run.url == params.get("url"):
        return True
    first = next(iter(read_lines(paths.trial(name).metrics)), {})
    now = json.loads(_line(run.rows[0])) if run.rows else {}
    return first == now


def safe_id(text: str) -> str:
    """A file name of letters, digits, `.`, `_` and `-` that is not hidden and not long."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-")
    if not name or len(name) > 80:
        digest = hashlib.sha1(text.encode("utf-8", "replace")).hexdigest()[:8]
        name = f"{name[:60]}-{digest}".lstrip("-")
    return name


def config_id(params: Mapping[str, Any]) -> str:
    """The same for runs that differ in nothing but seed, names and folders; empty without seed.

    A whole number is one, written `8` or `8.0`: other programs' formats do not tell them apart.
    """
    if params.get("seed") is None:
        return ""
    known = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in identity(params).items()
    }
    return "config-" + configuration_key(known)[:8]


def mark_searched(paths: SweepPaths) -> None:
    """Enter in every imported trial the parameters in which the imported runs differ."""
    imported = {
        path: params
        for path in sorted(paths.trials.glob("*/params.json"))
        if isinstance((params := read_json(path)).get("imported"), dict)
    }
    differing = differences([identity(params.get("params") or {}) for params in imported.values()])
    for path, params in imported.items():
        all_params = params.get("params") or {}
        searched = {name: all_params[name] for name in differing if name in all_params}
        if searched != params.get("searched"):
            write_atomic(path, to_json({**params, "searched": searched}))


def keep_apart(paths: SweepPaths) -> None:
    """Runs with one label and one seed but other numbers are no seeds of one configuration: they
    were trained with something that they do not say. Each of them goes by its own name."""
    known: dict[object, bytes] = {}
    for path in sorted(paths.trials.glob("*/params.json")):
        params, name = read_json(path), path.parent.name
        training = params.get("config_id"), params.get("seed")
        if "imported" not in params or training[1] is None or training[0] == name:
            continue
        numbers = path.with_name("metrics.jsonl").read_bytes()
        if known.setdefault(training, numbers) != numbers:
            write_atomic(path, to_json({**params, "config_id": name, "configuration": name}))


def differences(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The scalar parameters that every configuration has and that are not the same in all."""
    known = [config for config in configs if config]
    if len(known) < 2:
        return []
    shared = [name for name in known[0] if all(name in config for config in known)]
    scalar = [
        name
        for name in shared
        if all(isinstance(config[name], bool | int | float | str) for config in known)
    ]
    differing = [name for name in scalar if len({repr(config[name]) for config in known}) > 1]
    return differing if len(differing) <= MAX_SEARCHED else []
