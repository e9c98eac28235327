"""What is known of one trial: `TrialRecord`, and how it is read from its folder.

A reader forgives what a crash or a full disk leaves: a torn last line is dropped, a missing file is
empty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np

from ilsweep.analysis.records.curves import EMPTY, Curve, curves_of, read_lines
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.identity import of_record
from ilsweep.analysis.records.paths import TrialPaths
from ilsweep.analysis.records.shape import sound

State = Literal["pending", "running", "completed", "stopped", "failed"]
"""`stopped` was ended early by the scheduler; `running` in a dead sweep was interrupted."""
ENDED: tuple[State, ...] = ("completed", "stopped", "failed")


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
        """Whether it will not go on, well ended or not."""
        return self.state in ENDED

    def curve(self, metric: str) -> Curve:
        """The reports of a metric; empty where there are none."""
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
        seconds=_duration(record.get("seconds")),
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


def _duration(value: Any) -> float:
    """Seconds; NaN of a clock that was set back."""
    seconds = _number(value)
    return seconds if seconds >= 0 else math.nan


T = TypeVar("T")


def _typed(value: Any, kind: type[T]) -> T | None:
    return value if isinstance(value, kind) and not isinstance(value, bool) else None
