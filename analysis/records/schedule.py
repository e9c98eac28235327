"""Parameters that changed while a trial trained (population-based training).

Such a trial was trained with a schedule and not with a setting: none of its values alone made what
it reached, and two trials that began alike and changed apart are not seeds of one configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ilsweep.analysis.formatting import show
from ilsweep.analysis.records.identity import as_json
from ilsweep.analysis.records.model import TrialRecord

Stretch = tuple[int, dict[str, Any]]
"""From which step on the searched parameters had which values."""

MOST = 3
"""Changes of one parameter that are listed one by one."""


def schedule(trial: TrialRecord) -> tuple[Stretch, ...]:
    """Every stretch of a trial whose searched parameters changed, the first from step 0.

    Empty for one that kept its own. What is damaged in the history is skipped.
    """
    found: list[Stretch] = []
    for row in trial.history:
        step, searched = row.get("step"), row.get("searched")
        if isinstance(step, int) and isinstance(searched, dict):
            if found and as_json(searched) == as_json(found[-1][1]):
                continue
            found.append((step, searched))
    return tuple(found) if len(found) > 1 else ()


def key_of(stretches: Sequence[Stretch]) -> str:
    """The same for trials that changed alike; empty for those that did not change."""
    return as_json(stretches) if stretches else ""


def setting_text(name: str, value: Any, stretches: Sequence[Stretch]) -> str:
    """A parameter's value, or its course: `0.2694 → 0.1 @4`."""
    course: list[tuple[int, str]] = []
    for step, searched in stretches:
        text = show(searched.get(name))
        if not course or course[-1][1] != text:
            course.append((step, text))
    if len(course) < 2:
        return show(value)
    first, changes = course[0][1], [f"{text} @{step}" for step, text in course[1:]]
    if len(changes) > MOST:
        changes = ["...", f"{changes[-1]} ({len(changes)} changes)"]
    return " → ".join([first, *changes])
