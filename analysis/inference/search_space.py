"""The search space of a spec, as plain data, read for judging: bounds, scale, categories."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ilsweep.analysis.metrics.objectives import as_float

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


def domains_of(
    spec: Mapping[str, Any], configurations: Iterable[Mapping[str, Any]]
) -> dict[str, SearchDomain]:
    """Domains by parameter: the spec's, and for parameters that it lacks the values seen."""
    space = spec.get("space")
    found = {}
    for name, entry in (space if isinstance(space, Mapping) else {}).items():
        domain = parse(entry)
        if domain is not None:
            found[str(name)] = domain
    seen: dict[str, list[Any]] = {}
    for searched in configurations:
        for name, value in searched.items():
            if name not in found:
                seen.setdefault(name, []).append(value)
    for name, values in seen.items():
        unique = list({repr(value): value for value in values}.values())
        found[name] = _listed("seen", unique)
    return found
