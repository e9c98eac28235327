"""The parameters of a W&B sweep as fixed ones, domains and places.

Distributions: docs.wandb.ai, "Sweep configuration options", and what the package `sweeps` 0.3.0
samples: with a whole `q` whole numbers, the multiples of `q` that `round(x / q) * q` leads to, also
beyond the bounds; of a grid every whole number, and from `min` on in steps of `q`, without `max`.
What has no counterpart is refused by its name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ilsweep.sweeps.errors import Problem
from ilsweep.sweeps.migrate.draft import is_finite, spread
from ilsweep.sweeps.spec.templates import KNOWN

MOST_LISTED = 1000
"""Values of a range that a grid goes through."""

KEYS = {"distribution", "value", "values", "probabilities", "min", "max", "q", "mu", "sigma"}

COUNTERPARTS = "values, uniform, int_uniform, log_uniform_values, normal and their q_ forms"


class NoCounterpartError(ValueError):
    """A parameter's distribution that has no counterpart."""


@dataclass
class Parameters:
    """What a sweep file's `parameters` come to."""

    fixed: dict[str, Any] = field(default_factory=dict)
    space: dict[str, dict[str, Any]] = field(default_factory=dict)
    literal: dict[str, Any] = field(default_factory=dict)
    """Fixed ones whose names the sweep keeps for itself: they stand in the command as text."""
    seeds: list[Any] = field(default_factory=list)
    original: dict[str, str] = field(default_factory=dict)
    """Place to the name that the script knows."""
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def places(self) -> list[str]:
        return [*self.fixed, *self.space]

    def values_of(self, place: str) -> list[Any]:
        """What a place can hold, as far as it is listed."""
        if place in self.fixed:
            return [self.fixed[place]]
        return list(self.space[place].get("choice", []))


def parameters_of(section: Mapping[str, Any], *, grid: bool = False) -> Parameters:
    """The parameters of a sweep file; of a `grid` what can be listed is."""
    found = Parameters()
    for name, given in _flat(section):
        try:
            _enter(found, name, _listed(given) if grid else given)
        except NoCounterpartError as error:
            found.problems.append(Problem(f"parameters.{name}", str(error), valid=COUNTERPARTS))
    return found


def _listed(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """A range as the values that a W&B grid takes of it; as it is where it takes none."""
    low, high, step = given.get("min"), given.get("max"), given.get("q", 1)
    kind = given.get("distribution") or _usual(low, high)
    if not all(map(is_finite, (low, high, step))) or step <= 0:
        return given
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    if kind == "int_uniform" and isinstance(low, int):
        high, step = high + 1, 1
    elif kind != "q_uniform":
        return given
    count = math.ceil((high - low) / step - 1e-9)
    if not 0 < count <= MOST_LISTED:
        raise NoCounterpartError(f"a grid of {count} values, more than {MOST_LISTED}")
    values = [low + i * step for i in range(count)]
    return {"values": [v if isinstance(v, int) else float(f"{v:.12g}") for v in values]}


def _enter(found: Parameters, name: str, given: Mapping[str, Any]) -> None:
    if strange := sorted(map(str, given.keys() - KEYS)):
        raise NoCounterpartError(f"{', '.join(strange)} has no counterpart")
    if "q" in given and not str(given.get("distribution", "")).startswith("q_"):
        raise NoCounterpartError("q is of the q_ distributions")
    if "values" in given and not (isinstance(given["values"], list) and given["values"]):
        raise NoCounterpartError(f"values is a list of at least one, got {given['values']!r}")
    chances = given.get("probabilities")
    if isinstance(chances, list) and any(chance != chances[0] for chance in chances):
        raise NoCounterpartError("probabilities have no counterpart: values are drawn alike")
    values = given.get("values")
    fixed = "value" in given or given.get("distribution") == "constant"
    single = isinstance(values, list) and len(values) == 1
    value = given.get("value") if fixed else values[0] if single and values else None
    if name == "seed":
        _seeds(found, given, [value] if fixed or single else values)
    elif fixed or single:
        if _taken(name):
            found.literal[name] = value
        else:
            place = place_of(name, found.original)
            found.original[place] = name
            found.fixed[place] = value
    else:
        place = place_of(name, found.original)
        if place != plain(name):
            found.notes.append(f"Otherwise: {name} is searched as {place}, a name that is free.")
        found.original[place] = name
        found.space[place] = domain(given)
        if _zero_left_out(given):
            found.notes.append(f"Otherwise: {name} is never 0, which W&B rounds small values to.")


def _zero_left_out(given: Mapping[str, Any]) -> bool:
    """Whether W&B can draw a 0 that a search by logarithm cannot."""
    kind, low = str(given.get("distribution", "")), given.get("min", 1)
    least = math.exp(low) if kind == "q_log_uniform" else low
    return kind.startswith("q_log") and round(least / given.get("q", 1)) == 0


def _seeds(found: Parameters, given: Mapping[str, Any], values: Any) -> None:
    whole = isinstance(values, list) and all(isinstance(v, int) and v >= 0 for v in values)
    if not whole or not values:
        raise NoCounterpartError(f"seeds are a list of whole numbers here, got {dict(given)}")
    found.seeds = list(dict.fromkeys(values))
    found.notes.append("Otherwise: every configuration is trained with each of the seeds.")


def _taken(name: str) -> bool:
    """Whether a name means something of its own in a spec."""
    return name in KNOWN or name.split(".")[0] == "data"


def plain(name: str) -> str:
    """A parameter's name as a place: `learning-rate` is `{learning_rate}`."""
    return re.sub(r"[^A-Za-z0-9_.]", "_", name)


def place_of(name: str, used: Mapping[str, str]) -> str:
    """A place for a parameter that nothing else has."""
    wanted = plain(name)
    if _taken(wanted):
        wanted = f"script_{wanted.replace('.', '_')}"
    place, number = wanted, 1
    while place in used:
        number += 1
        place = f"{wanted}_{number}"
    return place


def _flat(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, given in parameters.items():
        if isinstance(given, Mapping) and isinstance(given.get("parameters"), Mapping):
            yield from _flat(given["parameters"], f"{prefix}{name}.")
        else:
            known = dict(given) if isinstance(given, Mapping) else {"value": given}
            yield f"{prefix}{name}", known


def domain(given: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's distribution as one of Ray Tune's domains.

    Raises:
        NoCounterpartError: it has none.
    """
    if isinstance(given.get("values"), list):
        return {"choice": list({repr(value): value for value in given["values"]}.values())}
    low, high, step = given.get("min"), given.get("max"), given.get("q", 1)
    kind = given.get("distribution") or _usual(low, high)
    if kind in ("normal", "q_normal"):
        args = [given.get("mu", 0), given.get("sigma", 1)]
        if not all(map(is_finite, [*args, step])):
            raise NoCounterpartError(f"distribution {kind} needs finite mu, sigma and q")
        if kind == "q_normal" and isinstance(given.get("q"), int):
            raise NoCounterpartError(
                "q_normal with a whole q gives whole numbers, which has no counterpart; q: "
                f"{float(step)} gives the same as {float(step)}, if the script takes that"
            )
        return {"qrandn": [*args, step]} if kind == "q_normal" else {"randn": args}
    if kind not in KINDS:
        raise NoCounterpartError(f"distribution {kind} has no counterpart")
    if not (is_finite(low) and is_finite(high)):
        raise NoCounterpartError(f"distribution {kind} needs min and max as finite numbers")
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    whole = isinstance(given.get("q"), int) or all(isinstance(n, int) for n in (low, high, step))
    if kind in ("log_uniform", "q_log_uniform"):
        low, high = _powers(kind, low, high)
    if not kind.startswith("q_"):
        return spread(low, high, whole=kind == "int_uniform", log="log" in kind)
    return _quantised(low, high, step, whole=whole, log="log" in kind)


def _powers(kind: str, low: float, high: float) -> tuple[float, float]:
    """Bounds that are exponents of e."""
    try:
        powers = math.exp(low), math.exp(high)
    except OverflowError:
        powers = 0.0, 0.0
    if not all(powers):
        raise NoCounterpartError(
            f"distribution {kind} has exponents of e as min and max, and e to the power of {low:g} "
            f"or {high:g} is no number; {kind}_values has values"
        )
    return powers


KINDS = ("uniform", "int_uniform", "log_uniform", "log_uniform_values", "q_uniform",
         "q_log_uniform", "q_log_uniform_values")  # fmt: skip


def _quantised(low: float, high: float, step: float, *, whole: bool, log: bool) -> dict[str, Any]:
    """The multiples of `step` that values between two bounds are rounded to."""
    if not is_finite(step) or step <= 0:
        raise NoCounterpartError(f"q must be a number above 0, got {step!r}")
    if not is_finite(low / step) or not is_finite(high / step):
        raise NoCounterpartError(f"q is too small for min and max, got {step!r}")
    lowest, highest = math.floor(low / step + 0.5) * step, math.ceil(high / step - 0.5) * step
    if log and lowest <= 0:
        lowest = step
    if lowest > highest:
        raise NoCounterpartError(f"no multiple of {step:g} lies between min and max")
    name = ("qlog" if log else "q") + ("randint" if whole else "uniform")
    if whole:
        return {name: [int(lowest), int(highest), int(step)]}
    return {name: [float(lowest), float(highest), step]}


def _usual(low: Any, high: Any) -> str:
    return "int_uniform" if isinstance(low, int) and isinstance(high, int) else "uniform"
