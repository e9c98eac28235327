"""Whether two files are of one run, judged by their numbers, their steps and their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ilsweep.analysis.importers.params import canonical, identity
from ilsweep.analysis.importers.source import GENERIC_NAMES, ForeignRun

Row = dict[str, Any]

RELATIVE, ABSOLUTE = 0.01, 1e-3
"""Logs are rounded: numbers closer than this are the same."""

FEWEST, SHARE = 3, 0.9
"""So many steps have to be in both, and this share of their numbers the same."""

_ALIKE_ANYWAY = re.compile(r"/(lr|.*_s|.*per_s|epoch.*|steps?|samples|gpu_mem_gb)$")
"""Metrics that any two runs of one script have in common."""

_CONTINUED = re.compile(
    r"([-_. ]?(resumed?|cont|continued|part|attempt|restart|old|bak|prev)?[-_. ]?\d*)+$"
)
_WORDS = re.compile(
    r"([-_. ]?(train(ing)?|evals?|evaluation|results?|output|log|stdout|info|success|wandb))+$"
)


def same_numbers(one: Sequence[Row], other: Sequence[Row]) -> bool:
    """Whether two logs report the same values at the same steps."""
    known = {(row["step"], name): value for row in one for name, value in row.items()}
    compared = agreed = 0
    steps: set[int] = set()
    for row in other:
        for name, value in row.items():
            before = known.get((row["step"], name))
            if name == "step" or before is None or _ALIKE_ANYWAY.search(name):
                continue
            compared += 1
            steps.add(row["step"])
            agreed += _alike(before, value)
    return len(steps) >= FEWEST and agreed >= SHARE * compared


def _alike(one: Any, other: Any) -> bool:
    if one != one or other != other:
        return bool(one != one and other != other)
    return bool(abs(one - other) <= RELATIVE * max(abs(one), abs(other)) + ABSOLUTE)


def related(one: Path, other: Path) -> bool:
    """Whether two files are named after one thing: `act.log`, `act_eval.txt`."""
    first, second = (_WORDS.sub("", path.name.split(".")[0].lower()) for path in (one, other))
    return bool(first) and first == second


def goes_on(first: Path, one: ForeignRun, second: Path, other: ForeignRun) -> bool:
    """Whether one of two logs goes on where the other ended, by name, configuration and steps."""
    if not _named_alike(first, second) or contradict(one, other):
        return False
    logs = sorted(
        (sorted(row["step"] for row in run.rows) for run in (one, other) if run.rows),
        key=lambda steps: steps[0],
    )
    if len(logs) < 2:
        return False
    early, late = logs
    distance = max(1, (late[-1] - late[0]) // max(1, len(late) - 1))
    return bool(early[0] + distance < late[0] <= early[-1] + 2 * distance)


def _named_alike(one: Path, other: Path) -> bool:
    stems = [
        _CONTINUED.sub("", path.name.removesuffix(path.suffix).lower()) for path in (one, other)
    ]
    return stems[0] == stems[1] or all(stem in GENERIC_NAMES or not stem for stem in stems)


def contradict(one: ForeignRun, other: ForeignRun) -> bool:
    """Whether two runs are known to have been trained otherwise, but for how long."""
    if not (one.whole and other.whole):
        return False
    a, b = canonical(one.config), canonical(other.config)
    differing = {n for n in {*identity(a), *identity(b)} if a.get(n) != b.get(n)}
    return bool(differing - {"steps", "save_freq", "log_freq"}) or a.get("seed") != b.get("seed")


def side_by_side(first: Path, one: ForeignRun, second: Path, other: ForeignRun) -> bool:
    """Whether two files hold different metrics of one run, as two panels of one export do."""
    a, b = ({name for row in run.rows for name in row} - {"step"} for run in (one, other))
    if not a or not b or a & b or contradict(one, other):
        return False
    said = (_of_its_metric(first, a) and _of_its_metric(second, b)) or related(first, second)
    generic = any(path.name.split(".")[0].lower() in GENERIC_NAMES for path in (first, second))
    return said or generic


def _of_its_metric(path: Path, metrics: set[str]) -> bool:
    words = {
        word for word in re.split(r"[^a-z]+", path.name.split(".")[0].lower()) if len(word) > 2
    }
    return any(word in name.lower() for word in words for name in metrics)
