"""The search space: Ray Tune's domains by their own names, and how Optuna sees each.

Every domain is sampled through one Optuna distribution over *raw* values, whatever the algorithm,
so that one study holds the whole sweep; `Domain.value` turns a raw value into the parameter's, and
`Domain.raw` turns it back (for a resumed or a warm-started sweep).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from ilsweep.analysis.records.identity import as_json
from ilsweep.analysis.records.joint import is_joint, names_of

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class Kind:
    """What a domain's name means. `args` names its arguments, in Ray Tune's order."""

    args: tuple[str, ...]
    integer: bool = False
    log: bool = False
    listed: bool = False
    """The argument is the list of values itself."""

    @property
    def quantised(self) -> bool:
        return "q" in self.args

    @property
    def normal(self) -> bool:
        return "sd" in self.args


TAIL = 1e-6
"""A normal domain is cut off at this quantile and at its counterpart."""
BOUNDS = ("lower", "upper")
KINDS: dict[str, Kind] = {
    "choice": Kind(("values",), listed=True),
    "grid_search": Kind(("values",), listed=True),
    "uniform": Kind(BOUNDS),
    "quniform": Kind((*BOUNDS, "q")),
    "loguniform": Kind(BOUNDS, log=True),
    "qloguniform": Kind((*BOUNDS, "q"), log=True),
    "randint": Kind(BOUNDS, integer=True),
    "qrandint": Kind((*BOUNDS, "q"), integer=True),
    "lograndint": Kind(BOUNDS, integer=True, log=True),
    "qlograndint": Kind((*BOUNDS, "q"), integer=True, log=True),
    "randn": Kind(("mean", "sd")),
    "qrandn": Kind(("mean", "sd", "q")),
}


class DomainError(ValueError):
    """A domain that cannot be: `rule` says what holds, `valid` what would be taken."""

    def __init__(self, rule: str, value: object, valid: str) -> None:
        super().__init__(f"{rule}, got {value!r}; valid: {valid}")
        self.rule, self.value, self.valid = rule, value, valid


@dataclass(frozen=True)
class Domain:
    """One searched parameter's values."""

    name: str
    args: tuple[Any, ...]

    @property
    def kind(self) -> Kind:
        return KINDS[self.name]

    @property
    def values(self) -> tuple[Any, ...]:
        """The values of a listed domain."""
        return self.args

    @cached_property
    def _categories(self) -> dict[Any, Any]:
        """Raw category to value.

        Optuna takes scalars only, and takes `1`, `1.0` and `true` for one: where values are no
        scalars, or equal as scalars, all go by their JSON text.
        """
        scalars = all(isinstance(v, type(None) | bool | int | float | str) for v in self.args)
        if scalars and len(set(self.args)) == len(self.args):
            return dict(zip(self.args, self.args, strict=True))
        return {as_json(value): value for value in self.args}

    @cached_property
    def _raws(self) -> dict[str, Any]:
        return {as_json(value): raw for raw, value in self._categories.items()}

    @property
    def count(self) -> int | None:
        """How many values there are; None where they are not counted."""
        if self.kind.listed:
            return len(self.args)
        if self.kind.quantised:
            lowest, highest = self._multiples
            return highest - lowest + 1
        return int(self.upper) - int(self.lower) + 1 if self.kind.integer else None

    def nth(self, i: int) -> Any:
        """The values of a domain that has a `count`, from 0."""
        if self.kind.listed:
            return self.args[i]
        if self.kind.quantised:
            value = float(f"{(self._multiples[0] + i) * self.args[-1]:.12g}")
            return int(value) if self.kind.integer else value
        return int(self.lower) + i

    @cached_property
    def _multiples(self) -> tuple[int, int]:
        """The least and the greatest multiple of the step that can be drawn."""
        step = self.args[-1]
        if self.kind.normal:
            normal = NormalDist(self.args[0], self.args[1])
            return round(normal.inv_cdf(TAIL) / step), round(normal.inv_cdf(1 - TAIL) / step)
        return math.ceil(self.lower / step - 1e-9), math.floor(self.upper / step + 1e-9)

    @property
    def lower(self) -> float:
        return float(self.args[0])

    @property
    def upper(self) -> float:
        """The largest value; Tune's integer domains without a step exclude their bound."""
        exclusive = self.kind.integer and not self.kind.quantised
        return float(self.args[1]) - (1 if exclusive else 0)

    def distribution(self) -> optuna.distributions.BaseDistribution:
        """Where the raw values come from."""
        from optuna.distributions import CategoricalDistribution as Categorical
        from optuna.distributions import FloatDistribution as Float
        from optuna.distributions import IntDistribution as Int

        if self.kind.listed:
            return Categorical(list(self._categories))
        if self.kind.normal:
            return Float(TAIL, 1 - TAIL)
        if self.kind.integer:
            return Int(int(self.lower), int(self.upper), log=self.kind.log)
        return Float(self.lower, self.upper, log=self.kind.log)

    def grid_distribution(self) -> optuna.distributions.BaseDistribution:
        """The same for a grid, of which no sampler draws: listed numbers lie between two ends.

        Optuna writes a distribution down with every trial; as categories, a list of n numbers would
        stand there n times.
        """
        from optuna.distributions import FloatDistribution as Float

        raws = list(self._categories) if self.kind.listed else []
        if raws and all(is_number(raw) and float(raw) == raw for raw in raws):
            return Float(min(raws), max(raws))
        return self.distribution()

    def value(self, raw: Any) -> Any:
        """The parameter's value: categories decoded, normals from their quantile, steps rounded."""
        if self.kind.listed:
            return self._categories[raw]
        if self.kind.normal:
            raw = NormalDist(self.args[0], self.args[1]).inv_cdf(raw)
        if self.kind.quantised:
            raw = self._round(float(raw))
        return int(raw) if self.kind.integer else float(raw)

    def _round(self, raw: float) -> float:
        step = self.args[-1]
        rounded = round(raw / step) * step
        if not self.kind.normal:
            lowest, highest = self._multiples
            rounded = min(max(rounded, lowest * step), highest * step)
        return float(f"{rounded:.12g}")

    def raw(self, value: Any) -> Any:
        """A raw value that `value` would turn into this one.

        Raises:
            DomainError: the value is not in the domain.
        """
        if self.kind.listed:
            if as_json(value) in self._raws:
                return self._raws[as_json(value)]
            for raw, known in self._categories.items():
                if is_number(value) and is_number(known) and known == value:
                    return raw
            raise DomainError("must be one of the listed values", value, str(list(self.args)))
        if self.kind.normal:
            quantile = NormalDist(self.args[0], self.args[1]).cdf(value)
            return min(max(quantile, TAIL), 1 - TAIL)
        if not self.lower <= value <= self.upper:
            raise DomainError("must lie in the domain", value, f"{self.lower:g} to {self.upper:g}")
        return int(value) if self.kind.integer else float(value)

    def clip(self, value: Any) -> Any:
        """The nearest value that the domain holds; listed and normal domains are left alone."""
        if self.kind.listed or self.kind.normal:
            return value
        return self.value(min(max(value, self.lower), self.upper))

    def extremes(self) -> tuple[Any, ...]:
        """Values whose validity implies that of all: every category, or both ends.

        A normal domain has no ends; four standard deviations stand for them.
        """
        if self.kind.listed:
            return self.args
        if self.kind.normal:
            mean, sd = self.args[:2]
            return mean - 4 * sd, mean + 4 * sd
        if self.kind.integer:
            return int(self.lower), int(self.upper)
        return self.lower, self.upper

    def to_tune(self) -> Any:
        """Ray Tune's own domain, for the schedulers that draw from the space themselves."""
        from ray import tune

        if self.kind.listed:
            return tune.choice(list(self.args))
        return getattr(tune, self.name)(*self.args)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.args))})"


def points_of(dimensions: Mapping[str, Domain]) -> int | None:
    """How many points a space has; None where they are not counted."""
    counts = [domain.count for domain in dimensions.values()]
    return None if None in counts else math.prod(count or 1 for count in counts)


def nth_point(dimensions: Mapping[str, Domain], i: int) -> dict[str, Any]:
    """One of the `points_of` a space, from 0; the last dimension changes first."""
    point = {}
    for name in reversed(list(dimensions)):
        i, place = divmod(i, dimensions[name].count or 1)
        point[name] = dimensions[name].nth(place)
    return point


def cells(dimensions: Mapping[str, Domain]) -> list[dict[str, Any]]:
    """All combinations of the values under `grid_search`; one that is empty without any."""
    grids = {name: d.values for name, d in dimensions.items() if d.name == "grid_search"}
    return [dict(zip(grids, values, strict=True)) for values in itertools.product(*grids.values())]


def by_parameter(dimensions: Mapping[str, Domain]) -> Iterator[tuple[str, Domain]]:
    """Each varied parameter with its own values, in the order of its dimension's rows."""
    for dimension, domain in dimensions.items():
        if not is_joint(dimension):
            yield dimension, domain
            continue
        for name, column in zip(names_of(dimension), zip(*domain.values, strict=True), strict=True):
            yield name, Domain(domain.name, tuple({as_json(v): v for v in column}.values()))


def is_number(value: object) -> bool:
    """Whether it is a finite number and no boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
