"""A trial of a sweep of ours: `trials/ID/metrics.jsonl` with the `params.json` beside it.

So that runs of several sweeps are compared. Everything else in a sweep's folder is no run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ilsweep.analysis.importers.formats import json_lines
from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.source import ForeignRun, Source
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.model import TrialRecord, read_trial
from ilsweep.analysis.records.paths import SweepPaths, TrialPaths
from ilsweep.analysis.records.shape import manifest_of

_SWEEP, _TRIAL = SweepPaths(Path()), TrialPaths(Path())

OF_A_SWEEP = frozenset(
    path.name
    for path in (
        _SWEEP.spec, _SWEEP.manifest, _SWEEP.optuna, _SWEEP.search, _SWEEP.report_json,
        _SWEEP.stages, _SWEEP.confirm, _SWEEP.controls, _SWEEP.page, _SWEEP.next_spec,
        _SWEEP.report("en"), _SWEEP.report("zh"), _SWEEP.root / "looks.jsonl", _SWEEP.plots,
    )
)  # fmt: skip
"""Beside `trials`; `looks.jsonl` was an earlier version's."""

TABLE = b"trial,configuration,seed,rank,"
"""The beginning of what `ilsweep export-table` writes, a row for each trial."""

REPORTS = _TRIAL.metrics.name

OF_A_TRIAL = frozenset([_TRIAL.params.name, _TRIAL.record.name, _TRIAL.predictions.name])


def is_trial(folder: Path) -> bool:
    """Whether a folder is a trial's, of a sweep or imported."""
    return isinstance(read_json(TrialPaths(folder).params).get("config_id"), str)


def is_no_run(path: Path) -> bool:
    """Whether it is a file or folder of a sweep of ours in which no reports are."""
    if path.name in OF_A_SWEEP:
        return any(map(is_trial, SweepPaths(path.parent).trials.glob("*")))
    return path.name in OF_A_TRIAL and is_trial(path.parent)


def left_out(files: Iterable[Path]) -> list[str]:
    """A line for each sweep of which trials ended without a report, as those that failed at once.

    Args:
        files: Those of trials that were read.
    """
    roots = {path.absolute().parents[2]: None for path in files
             if path.name == REPORTS and is_trial(path.parent)}  # fmt: skip
    notes = []
    for root in roots:
        silent = [folder.name for folder in sorted(SweepPaths(root).trials.glob("*"))
                  if is_trial(folder) and not _reported(TrialPaths(folder).metrics)]  # fmt: skip
        if silent:
            shown = ", ".join(silent[:5]) + (f" and {len(silent) - 5} more" if silent[5:] else "")
            notes.append(f"{root}: reported nothing and left out: {shown}")
    return notes


def _reported(metrics: Path) -> bool:
    return metrics.is_file() and metrics.stat().st_size > 0


def detect(source: Source) -> bool:
    return source.path.name == REPORTS and is_trial(source.path.parent)


def read(source: Source) -> list[ForeignRun]:
    """The trial, called by its sweep and its own name, with all that it was trained with."""
    folder = source.path.absolute().parent
    params, trial = read_json(TrialPaths(folder).params), read_trial(TrialPaths(folder))
    runs = json_lines.read(source)
    given = params.get("imported")
    known = _imported(given, trial) if isinstance(given, dict) else _trained(folder, params, trial)
    known |= {"state": trial.state, "error": trial.error, "ended": trial.ended}
    return [replace(run, seconds=trial.seconds, **known) for run in runs]


def _imported(given: Mapping[str, Any], trial: TrialRecord) -> dict[str, Any]:
    return {
        "id": str(given.get("id") or trial.id),
        "own_id": bool(given.get("own_id")),
        "name": trial.name,
        "url": trial.url,
        "config": trial.params,
        "whole": given.get("whole") is True,
    }


def _trained(folder: Path, params: Mapping[str, Any], trial: TrialRecord) -> dict[str, Any]:
    """Population-based training leaves no one configuration that it was trained with.

    The id is not its own: sweeps in different places may have one name.
    """
    root = folder.parent.parent
    spec = manifest_of(read_json(SweepPaths(root).manifest)).get("spec") or {}
    what = {"data": params.get("data"), "trainer": spec.get("trainer")}
    what |= {"command": spec.get("command"), "seed": trial.seed}
    note = f"{root} is a sweep of ilsweep's, which ilsweep report {root} reads with its episodes"
    return {
        "id": f"{spec.get('name') or root.name}-{trial.id}",
        "name": trial.id,
        "url": trial.url,
        "config": {
            **trial.params,
            **{name: value for name, value in what.items() if value is not None},
        },
        "whole": not trial.history,
        "notes": (note,),
    }


FORMAT = LogFormat(
    name="own_trial",
    title="a trial of a sweep of ilsweep's (its folder, or the sweep's)",
    detect=detect,
    read=read,
)
