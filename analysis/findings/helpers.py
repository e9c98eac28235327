"""What rules share: reading a record, making a finding."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ilsweep.analysis.findings.finding import Finding, Op, Severity, Suggestion
from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.metrics.objectives import as_float
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

Array = NDArray[np.float64]


def read(trial: TrialRecord, *names: str) -> dict[str, float]:
    """The last finite values of those of `names` that have one."""
    values = {name: trial.last(name) for name in names if name in trial.curves}
    return {name: value for name, value in values.items() if math.isfinite(value)}


def family(trial: TrialRecord, prefix: str) -> dict[str, float]:
    """What follows `prefix` in a metric's name, to its last finite value; in order of the name."""
    names = sorted(name for name in trial.curves if name.startswith(prefix))
    found = {name[len(prefix) :]: trial.last(name) for name in names}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def param(trial: TrialRecord, name: str) -> float:
    """A parameter as a number; NaN where it is not set or is none."""
    return as_float(trial.params.get(name))


def change(
    name: str, op: Op, value: float | int | bool | str, en: str, zh: str, source: str
) -> Suggestion:
    """A suggestion with its reason in both languages."""
    return Suggestion(name, op, value, Text(en, zh), source)


def make_finding(
    trial: TrialRecord,
    severity: Severity,
    evidence: Mapping[str, float | str],
    explanation: Text,
    *suggestions: Suggestion,
) -> Finding:
    """A finding about `trial`, without the suggestions that would change nothing in it.

    Its rule gives it its id.
    """
    useful = tuple(s for s in suggestions if not _already(trial, s))
    return Finding("", trial.id, severity, dict(evidence), explanation, useful)


def _already(trial: TrialRecord, suggestion: Suggestion) -> bool:
    present = trial.params.get(suggestion.param)
    if suggestion.op == "set":
        return present is not None and present == suggestion.value
    # Another trainer's parameter; where no parameter is known, the trainer's own may be meant.
    # What the data are is no parameter of a trainer.
    own = suggestion.param.startswith("data.") or not trial.params
    foreign = present is None and not own
    return suggestion.op == "multiply" and (present == 0 or foreign)


def success_since(trial: TrialRecord, step: int) -> tuple[float, float] | None:
    """(success at `step`, at the end) where it rose after it; None where it did not."""
    curve = trial.curve(SUCCESS)
    before = curve.values[(curve.steps <= step) & np.isfinite(curve.values)]
    if not len(before) or not trial.last(SUCCESS) > before[-1]:
        return None
    return float(before[-1]), trial.last(SUCCESS)
