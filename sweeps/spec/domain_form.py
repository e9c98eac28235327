"""A domain as it stands in a spec, `{uniform: [0, 1]}`, read and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ilsweep.analysis.records.identity import as_json
from ilsweep.analysis.records.joint import expanded, is_joint, names_of
from ilsweep.sweeps.errors import nearest
from ilsweep.sweeps.spec.domains import KINDS, Domain, DomainError, Kind, is_number


def parse_domain(text: object) -> Domain:
    """`{uniform: [0, 1]}` as it stands in a spec, checked.

    Raises:
        DomainError: not a mapping of one known name to its arguments, or impossible arguments.
    """
    forms = ", ".join(KINDS)
    if not isinstance(text, Mapping) or len(text) != 1:
        raise DomainError("must be one domain", text, "{choice: [..]}, {uniform: [lower, upper]}")
    name, args = next(iter(text.items()))
    if name not in KINDS:
        raise DomainError("unknown domain", name, nearest(str(name), list(KINDS)) or forms)
    kind = KINDS[name]
    if kind.listed:
        return Domain(name, _listed(name, args))
    numbers = _numbers(name, kind, args)
    if kind.normal:
        if numbers[1] <= 0:
            raise DomainError("the standard deviation must be above 0", numbers[1], "sd > 0")
    else:
        _check_bounds(kind, numbers)
    if kind.quantised and numbers[-1] <= 0:
        raise DomainError("the step q must be above 0", numbers[-1], "q > 0")
    return Domain(name, tuple(int(n) if kind.integer else float(n) for n in numbers))


def parse_dimension(dimension: str, text: object) -> Domain:
    """The domain of an entry of a space, `lr` or `chunk_size, n_action_steps`, checked.

    Raises:
        DomainError: as `parse_domain`; parameters that vary together need rows, each with a value
            for every one of them.
    """
    domain = parse_domain(text)
    if not is_joint(dimension):
        return domain
    names = names_of(dimension)
    form = f"{{choice: [[{', '.join(names)}], ...]}}"
    if not all(names) or len(set(names)) < len(names):
        raise DomainError("each parameter once, parted by commas", dimension, "lr, batch_size")
    if not domain.kind.listed:
        raise DomainError("parameters that vary together take rows", str(domain), form)
    for row in domain.values:
        if not isinstance(row, list) or len(row) != len(names):
            raise DomainError(f"each row has {len(names)} values", row, form)
    return domain


def _numbers(name: str, kind: Kind, args: object) -> list[Any]:
    """The arguments in order, from a list or a mapping of them."""
    form = f"{{{name}: [{', '.join(kind.args)}]}}"
    if isinstance(args, Mapping):
        if set(args) != set(kind.args):
            raise DomainError(f"{name} takes {', '.join(kind.args)}", dict(args), form)
        args = [args[arg] for arg in kind.args]
    if not isinstance(args, list) or len(args) != len(kind.args) or not all(map(is_number, args)):
        raise DomainError(f"{name} takes {len(kind.args)} numbers", args, form)
    if kind.integer and not all(float(arg).is_integer() for arg in args):
        raise DomainError(f"{name} takes whole numbers", args, form)
    return args


def _listed(name: str, args: object) -> tuple[Any, ...]:
    if not isinstance(args, list) or not args:
        raise DomainError(f"{name} takes a list of at least one value", args, f"{{{name}: [1, 2]}}")
    seen: set[str] = set()
    for value in args:
        text = as_json(value)
        if text in seen:
            raise DomainError(f"{name} lists a value twice", text, "each value once")
        if not _finite(value):
            raise DomainError(f"{name} takes finite numbers", text, "no .nan and no .inf")
        seen.add(text)
    return tuple(args)


def _finite(value: object) -> bool:
    if isinstance(value, list):
        return all(map(_finite, value))
    if isinstance(value, Mapping):
        return all(map(_finite, value.values()))
    return not isinstance(value, float) or math.isfinite(value)


def _check_bounds(kind: Kind, args: list[Any]) -> None:
    lower, upper = args[:2]
    if lower >= upper:
        valid = f"[{upper}, {lower}]" if upper < lower else f"{{choice: [{lower}]}}"
        raise DomainError("the lower bound must be below the upper", args[:2], valid)
    if kind.log and lower <= 0:
        raise DomainError("a log domain starts above 0", lower, "lower > 0, such as 1e-6")
    if not kind.quantised or args[2] <= 0:
        return
    step = args[2]
    if math.floor(upper / step) < math.ceil(lower / step):
        raise DomainError("no multiple of q lies between the bounds", args, "a smaller q")
    if not kind.integer:
        for bound in (lower, upper):
            if not math.isclose(bound / step, round(bound / step), abs_tol=1e-9):
                multiple = round(bound / step) * step
                raise DomainError("the bounds must be multiples of q", bound, f"{multiple:g}")


def lowest(space: Mapping[str, Any]) -> dict[str, Any]:
    """The least value of each parameter that varies; of what is no number, the first.

    Domains that are refused are left out.
    """
    found: dict[str, Any] = {}
    for name, text in space.items():
        with suppress(DomainError):
            values = [expanded({name: v}) for v in parse_dimension(name, text).extremes()]
            for each in values[0]:
                listed = [value[each] for value in values]
                found[each] = min(listed) if all(map(is_number, listed)) else listed[0]
    return found
