"""What a sweep leaves behind, and where: `SweepPaths`, `TrialRecord`, `Sweep`.

A sweep's folder is the only truth about it. One process writes it (the driver); anything may read
it at any time, so whole files are replaced atomically and metric lines are appended whole. A reader
forgives what a kill or a full disk leaves: a torn last line is dropped, a missing file is empty.
"""

from __future__ import annotations

import json
import math
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from ilsweep.analysis.load.load import read_and_diagnose, read_trials
from ilsweep.analysis.records.confirm_log import Fresh, fresh_of, row_of
from ilsweep.analysis.records.curves import (
    EMPTY,
    MAX_STEP,
    NOT_METRICS,
    Curve,
    curves_of,
    effective_rows,
    read_lines,
)
from ilsweep.analysis.records.files import MOST_BYTES, read_regular
from ilsweep.analysis.records.identity import of_record
from ilsweep.analysis.records.shape import manifest_of, sound

if TYPE_CHECKING:
    from ilsweep.analysis.findings.trial_diagnosis import Diagnosed

__all__ = [
    "EMPTY",
    "MAX_STEP",
    "NOT_METRICS",
    "Curve",
    "Fresh",
    "State",
    "Sweep",
    "SweepPaths",
    "TrialPaths",
    "TrialRecord",
    "append_line",
    "curves_of",
    "effective_rows",
    "fresh_of",
    "read_json",
    "read_lines",
    "read_regular",
    "read_sweep",
    "read_trial",
    "row_of",
    "to_json",
    "write_atomic",
]

State = Literal["pending", "running", "completed", "stopped", "failed"]
"""`stopped` was ended early by the scheduler; `running` in a dead sweep was interrupted."""


@dataclass(frozen=True)
class TrialPaths:
    """Every path of one trial."""

    root: Path

    @property
    def params(self) -> Path:
        return self.root / "params.json"

    @property
    def metrics(self) -> Path:
        return self.root / "metrics.jsonl"

    @property
    def record(self) -> Path:
        return self.root / "record.json"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def wandb(self) -> Path:
        return self.root / "wandb"


@dataclass(frozen=True)
class SweepPaths:
    """Every path of one sweep."""

    root: Path

    @property
    def spec(self) -> Path:
        return self.root / "spec.yaml"

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.json"

    @property
    def trials(self) -> Path:
        return self.root / "trials"

    @property
    def optuna(self) -> Path:
        return self.root / "optuna.log"

    @property
    def search(self) -> Path:
        """What the search asked and was told, in order."""
        return self.root / "search.jsonl"

    @property
    def lock(self) -> Path:
        return self.root / ".lock"

    @property
    def report_json(self) -> Path:
        return self.root / "report.json"

    @property
    def stages(self) -> Path:
        return self.root / "stages.json"

    @property
    def confirm(self) -> Path:
        return self.root / "confirm.jsonl"

    @property
    def plots(self) -> Path:
        return self.root / "plots"

    @property
    def next_spec(self) -> Path:
        return self.root / "next.yaml"

    def report(self, lang: str) -> Path:
        return self.root / f"report.{lang}.md"

    def trial(self, trial_id: str) -> TrialPaths:
        return TrialPaths(self.trials / trial_id)


def write_atomic(path: Path, content: str | bytes) -> None:
    """Replace `path` by `content`, or leave it as it was: never half of either."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with temporary.open("xb") as file:  # the umask says who may read it, as with every file
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """JSON that every parser reads: what is not finite becomes null, what is not UTF-8 `?`."""
    try:
        text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    except (TypeError, ValueError):  # numpy's numbers, NaN, infinities: rare, and slow to look for
        text = json.dumps(_finite(value), ensure_ascii=False, indent=indent, allow_nan=False)
    return text.encode("utf-8", "replace").decode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return _finite(value.item())
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def append_line(path: Path, row: Mapping[str, Any]) -> None:
    """Add one whole line. After a torn line (a kill in the middle of a write) starts a new one."""
    line = to_json(row, indent=None).encode() + b"\n"
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)


def read_json(path: Path) -> dict[str, Any]:
    """The object in `path`; empty where the file is missing or does not hold one."""
    try:
        value = json.loads(read_regular(path, MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class TrialRecord:
    """What is known of one trial: one configuration with one seed."""

    id: str
    config_id: str
    """Trials that differ only in their seed share it."""
    seed: int | None
    params: dict[str, Any]
    """Every parameter of the trainer by dotted name, fixed ones and defaults included."""
    searched: dict[str, Any]
    """The part of `params` that the space varies."""
    state: State
    attempt: int = 1
    error: str = ""
    """The last lines of what went wrong, for `failed`."""
    seconds: float = math.nan
    """Time spent, all attempts together."""
    ended: str = ""
    """When it ended or was imported, ISO 8601 in UTC; empty where that is not known."""
    steps: int = 0
    """Last step reported."""
    name: str = ""
    """For a foreign run: what its owner calls it."""
    url: str = ""
    curves: dict[str, Curve] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    """Changes of parameters while training (population-based training): step, from, params."""
    configuration: str = ""
    """Key of what was trained (`analysis/records/identity.py`), the same whatever `config_id` calls
    it; made from the parameters where it is not given."""
    imported: bool = False
    """A foreign run."""

    def __post_init__(self) -> None:
        if not self.configuration:
            key = of_record(self.config_id, self.params, self.searched)
            object.__setattr__(self, "configuration", key)

    @property
    def finished(self) -> bool:
        return self.state in ("completed", "stopped", "failed")

    def curve(self, metric: str) -> Curve:
        return self.curves.get(metric, EMPTY)

    def last(self, metric: str) -> float:
        """The last finite value; NaN where there is none."""
        values = self.curve(metric).values
        if not len(values):
            return math.nan
        end: float = values.item(-1)
        if math.isfinite(end):
            return end
        finite = values[np.isfinite(values)]
        return float(finite[-1]) if len(finite) else math.nan


@dataclass(frozen=True)
class Sweep:
    """A sweep's folder, read."""

    paths: SweepPaths
    spec: dict[str, Any]
    """The resolved spec as plain data; empty for a folder of imported runs."""
    manifest: dict[str, Any]
    trials: list[TrialRecord]
    fresh: Fresh = field(default_factory=Fresh)
    """Episodes of `ilsweep confirm`."""
    diagnosed: dict[str, Diagnosed] = field(default_factory=dict)
    """What trials say by themselves, by id; of those that were diagnosed while reading."""


def read_trial(paths: TrialPaths) -> TrialRecord:
    """A trial from its folder. Whatever is missing or of the wrong type reads as empty."""
    params = sound(read_json(paths.params))
    record = sound(read_json(paths.record))
    curves = curves_of(read_lines(paths.metrics))
    steps = max((int(curve.steps[-1]) for curve in curves.values() if len(curve)), default=0)
    state = record.get("state")
    config_id = _typed(params.get("config_id"), str) or paths.root.name
    return TrialRecord(
        id=paths.root.name,
        config_id=config_id,
        seed=_typed(params.get("seed"), int),
        params=_typed(params.get("params"), dict) or {},
        searched=_typed(params.get("searched"), dict) or {},
        state=state if state in ("running", "completed", "stopped", "failed") else "pending",
        attempt=_typed(record.get("attempt"), int) or 1,
        error=_typed(record.get("error"), str) or "",
        seconds=_number(record.get("seconds")),
        ended=_typed(record.get("ended"), str) or "",
        steps=steps,
        name=_typed(params.get("name"), str) or "",
        url=_typed(params.get("url"), str) or _typed(record.get("url"), str) or "",
        curves=curves,
        history=[row for row in _typed(record.get("history"), list) or [] if isinstance(row, dict)],
        configuration=_configuration(params, config_id),
        imported=isinstance(params.get("imported"), dict),
    )


def _configuration(params: dict[str, Any], config_id: str) -> str:
    """As recorded; earlier versions did not, and called foreign runs by what they were trained."""
    recorded = _typed(params.get("configuration"), str)
    if recorded or isinstance(params.get("imported"), dict):
        return recorded or config_id
    parts = (_typed(params.get(part), dict) or {} for part in ("params", "searched", "data"))
    return of_record(config_id, *parts)


def _number(value: Any) -> float:
    """The value as a float; NaN for what is not a finite number."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan


T = TypeVar("T")


def _typed(value: Any, kind: type[T]) -> T | None:
    return value if isinstance(value, kind) and not isinstance(value, bool) else None


def read_sweep(root: Path, *, diagnose: bool = False) -> Sweep:
    """Everything in a sweep's folder, trials in the order of their ids.

    With `diagnose` the trials are diagnosed on the way, by all processes that read.

    Raises:
        FileNotFoundError: `root` is not a folder, or has no `trials` and no `spec.yaml` in it.
    """
    paths = SweepPaths(root)
    if not paths.trials.is_dir() and not paths.spec.is_file():
        raise FileNotFoundError(f"{root}: not a sweep's folder (no spec.yaml and no trials in it)")
    folders = (
        sorted(p for p in paths.trials.glob("*") if p.is_dir()) if paths.trials.is_dir() else []
    )
    manifest = manifest_of(read_json(paths.manifest))
    spec = _typed(manifest.get("spec"), dict) or {}
    trials, known = _diagnosed(folders, spec) if diagnose else (read_trials(folders), {})
    return Sweep(
        paths=paths,
        spec=spec,
        manifest=manifest,
        trials=trials,
        diagnosed=known,
        fresh=fresh_of(read_lines(paths.confirm)),
    )


def _diagnosed(
    folders: list[Path], spec: dict[str, Any]
) -> tuple[list[TrialRecord], dict[str, Diagnosed]]:
    from ilsweep.analysis.findings.thresholds import resolve

    return read_and_diagnose(folders, resolve(spec.get("thresholds")))
