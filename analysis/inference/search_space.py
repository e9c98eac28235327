"""The search space of a spec, as plain data, read for judging: bounds, scale, categories."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ilsweep.analysis.metrics.objectives import as_float
from ilsweep.analysis.ranking.confounded import unidentified
from ilsweep.analysis.records.joint import is_joint, names_of

LISTED = frozenset({"choice", "grid_search"})


NATURAL = {"batch_fraction": (0.0, 1.0), "dropout": (0.0, 1.0), "lr_step_at": (0.0, 1.0)}
"""Parameters that are shares: nothing lies beyond, whatever a space says."""


@dataclass(frozen=True)
class SearchDomain:
    """The values of one searched parameter: a list, or an interval."""

    kind: str
    """The spec's name for it, such as `loguniform`; "seen" where no spec says it."""
    low: float
    high: float
    """Bounds; of a list of numbers, its extremes; NaN for categories."""
    log: bool = False
    integer: bool = False
    choices: tuple[Any, ...] = ()
    step: float = math.nan
    """Of the quantised ones."""
    dimension: str = ""
    """The entry of the space in which it varies together with others; empty where it does not."""
    confounded: bool = False
    """Its rows show no effect of this parameter alone."""

    @property
    def ordered(self) -> bool:
        """Whether its values are numbers."""
        return math.isfinite(self.low)

    def position(self, value: float) -> float:
        """Where `value` lies between the bounds, 0 to 1, on the domain's scale."""
        if not self.high > self.low:
            return math.nan
        if self.log and self.low > 0 and value > 0:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def parse(entry: object) -> SearchDomain | None:
    """`{uniform: [0, 1]}` of a spec; None for what is no domain."""
    if not isinstance(entry, Mapping) or len(entry) != 1:
        return None
    kind, args = next(iter(entry.items()))
    if isinstance(args, Mapping):
        args = args.get("values", list(args.values()))
    if not isinstance(kind, str) or not isinstance(args, list | tuple) or not args:
        return None
    if kind in LISTED:
        return _listed(kind, args)
    numbers = [as_float(arg) for arg in args]
    if len(numbers) < 2 or not all(map(math.isfinite, numbers)):
        return None
    low, high = numbers[:2]
    if kind.endswith("randn"):
        low, high = low - 2 * high, low + 2 * high
    step = numbers[2] if kind.startswith("q") and len(numbers) > 2 else math.nan
    integer = kind.endswith("randint")
    if integer and math.isnan(step):
        high -= 1  # Tune excludes the upper bound of its integer domains without a step
    return SearchDomain(kind, low, high, "log" in kind, integer, (), step)


def _listed(kind: str, values: Sequence[Any]) -> SearchDomain:
    numbers = [as_float(value) for value in values]
    if not all(map(math.isfinite, numbers)):
        return SearchDomain(kind, math.nan, math.nan, choices=tuple(values))
    low, high = min(numbers), max(numbers)
    integer = all(isinstance(value, int) for value in values)
    return SearchDomain(kind, low, high, low > 0 and high >= 10 * low, integer, tuple(values))


def parse_joint(dimension: str, entry: object) -> dict[str, SearchDomain]:
    """`a, b: {choice: [[1, 2], [3, 4]]}` of a spec by parameter; empty for any other entry."""
    whole, names = parse(entry), names_of(dimension)
    rows = whole.choices if whole else ()
    if whole is None or not all(isinstance(r, list) and len(r) == len(names) for r in rows):
        return {}
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    unknown = unidentified(columns)
    return {
        name: replace(
            _listed(whole.kind, _different(column)),
            dimension=dimension,
            confounded=name in unknown,
        )
        for name, column in columns.items()
    }


def domains_of(
    spec: Mapping[str, Any], configurations: Iterable[Mapping[str, Any]]
) -> dict[str, SearchDomain]:
    """Domains by parameter: the spec's, and for parameters that it lacks the values seen."""
    space = spec.get("space")
    found: dict[str, SearchDomain] = {}
    for name, entry in (space if isinstance(space, Mapping) else {}).items():
        if is_joint(str(name)):
            found |= parse_joint(str(name), entry)
        elif (domain := parse(entry)) is not None:
            found[str(name)] = domain
    seen: dict[str, list[Any]] = {}
    for searched in configurations:
        for name, value in searched.items():
            if name not in found:
                seen.setdefault(name, []).append(value)
    for name, values in seen.items():
        found[name] = _listed("seen", _different(values))
    return found


def _different(values: Iterable[Any]) -> list[Any]:
    return list({repr(value): value for value in values}.values())
