"""Whether two files are of one run, judged by their numbers, their steps and their names."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from ilsweep.analysis.importers.folders import stem_of
from ilsweep.analysis.importers.params import canonical, identity
from ilsweep.analysis.importers.source import GENERIC_NAMES, ForeignRun

Row = dict[str, Any]

SINGLE = 1e-6
"""Relative: a number in single precision beside the same in double."""

FEWEST, SHARE = 3, 0.9
"""So many steps and different numbers have to be in both, and this share of the numbers the same.
"""

_ALIKE_ANYWAY = re.compile(r"/(lr|.*_s|.*per_s|epoch.*|steps?|samples|gpu_mem_gb)$")
"""Metrics that any two runs of one script have in common."""

TAGGED = re.compile(r"^(?:run-)?(.{0,200}?)-?tag-(.{1,200})\.csv$")
"""A scalar that was downloaded from TensorBoard's page: the run and the metric."""

_CONTINUED = re.compile(
    r"([-_. ]?(resumed?|cont|continued|part|attempt|restart|old|bak|prev)?[-_. ]?\d*)+$"
)
_WORDS = re.compile(
    r"([-_. ]?(train(ing)?|evals?|evaluation|results?|output|log|stdout|info|success|wandb))+$"
)


def same_numbers(one: Sequence[Row], other: Sequence[Row]) -> bool:
    """Whether two logs report the same values at the same steps, each as it rounds them."""
    known = {(row["step"], name): value for row in one for name, value in row.items()}
    pairs = [
        (row["step"], name, known[row["step"], name], value)
        for row in other
        for name, value in row.items()
        if name != "step" and not _ALIKE_ANYWAY.search(name)
        and known.get((row["step"], name)) is not None and value is not None
    ]  # fmt: skip
    if len({step for step, *_ in pairs}) < FEWEST:
        return False
    first, second = (
        _printed((n, v) for _, n, v, _ in pairs),
        _printed((n, v) for _, n, _, v in pairs),
    )
    same = [pair for pair in pairs if _alike(*pair[2:], first[pair[1]], second[pair[1]])]
    different = {(name, value) for _, name, _, value in same}
    return len(different) >= FEWEST and len(same) >= SHARE * len(pairs)


Digits = tuple[int, int]
"""Decimal places and significant digits of a printed number."""


def _printed(values: Iterable[tuple[str, float]]) -> dict[str, Digits]:
    """The most digits with which a log prints a value of each metric."""
    found: dict[str, Digits] = {}
    for name, value in values:
        if math.isfinite(value):
            written = Decimal(repr(value)).as_tuple()
            places, digits = -int(written.exponent), len(written.digits)
            before = found.get(name, (0, 0))
            found[name] = (max(before[0], places), max(before[1], digits))
        found.setdefault(name, (0, 0))
    return found


def _alike(one: float, other: float, first: Digits, second: Digits) -> bool:
    if not (math.isfinite(one) and math.isfinite(other)):
        return one == other or (one != one and other != other)
    largest = max(abs(one), abs(other))
    unit = max(_unit(largest, *first), _unit(largest, *second))
    return abs(one - other) <= unit + SINGLE * largest


def _unit(value: float, places: int, digits: int) -> float:
    """What the last printed digit of a value is worth."""
    return float(max(10.0**-places, value * 10.0 ** (1 - digits)))


def related(one: Path, other: Path) -> bool:
    """Whether two files are named after one thing: `act.log`, `act_eval.txt`."""
    first, second = (_WORDS.sub("", stem_of(path).lower()) for path in (one, other))
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
    runs = [found[1] for path in (first, second) if (found := TAGGED.match(path.name))]
    if len(set(runs)) == 2:
        return False
    said = (_of_its_metric(first, a) and _of_its_metric(second, b)) or related(first, second)
    generic = any(stem_of(path).lower() in GENERIC_NAMES for path in (first, second))
    return said or generic


def _of_its_metric(path: Path, metrics: set[str]) -> bool:
    words = {word for word in re.split(r"[^a-z]+", stem_of(path).lower()) if len(word) > 2}
    return any(word in name.lower() for word in words for name in metrics)
