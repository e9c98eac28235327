"""How one parameter's domain changes from a stage to the next.

Widened at a border, narrowed around the best, extended to a suggested value. Domains are plain
data, as in a spec.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ilsweep.analysis.findings.finding import Suggestion
from ilsweep.analysis.formatting import num
from ilsweep.analysis.inference.importance import Edge
from ilsweep.analysis.inference.search_space import SearchDomain
from ilsweep.analysis.metrics.objectives import as_float
from ilsweep.analysis.text import Text

Entry = dict[str, Any]
"""`{uniform: [0, 1]}`"""

PLAYBOOK = "Godbole et al. 2023, deep learning tuning playbook"
WIDEN = 3.0
"""Factor by which a logarithmic domain grows beyond its border: half a decade."""
MARGIN = 0.25
"""Share of their own range that is left on either side of the best values."""
WORTH = 0.75
"""A narrowed domain must be at most so much of the old one, on its scale."""


@dataclass(frozen=True)
class Reshaped:
    """A domain in place of another, and why."""

    entry: Entry
    reason: Text
    source: str


def applied(suggestion: Suggestion, present: Any) -> Any:
    """The value that a suggestion makes of `present`; None where it cannot be applied to it."""
    if suggestion.op == "set":
        return suggestion.value
    value, operand = as_float(present), as_float(suggestion.value)
    if not (math.isfinite(value) and math.isfinite(operand)):
        return None
    result = value * operand if suggestion.op == "multiply" else value + operand
    if not math.isfinite(result):
        return None
    return max(1, round(result)) if isinstance(present, int) else rounded(result)


def rounded(value: float) -> float:
    """Three significant digits: a spec is read by people."""
    return float(f"{value:.3g}")


def widened(domain: SearchDomain, edge: Edge) -> Reshaped | None:
    """Beyond the border that the best value lies on.

    None where there is no beyond: of a normal domain, of numbers that began at zero, of integers
    that began at one.
    """
    if domain.kind.endswith("randn"):
        return None
    if domain.choices:
        values = _next_choices(sorted(domain.choices), edge)
        if set(values) <= set(domain.choices):
            return None
        entry = {domain.kind: values}
    else:
        low, high = _wider(domain, edge)
        if (low, high) == (domain.low, domain.high):
            return None
        entry = _interval(domain, low, high)
    side_en, side_zh = ("lower", "下") if edge.side == "low" else ("upper", "上")
    reason = Text(
        f"widened: the best value, {_text(edge.value)}, lay at the {side_en} border",
        f"扩展：最优值 {_text(edge.value)} 位于{side_zh}边界",
    )
    return Reshaped(entry, reason, PLAYBOOK)


def _next_choices(values: Sequence[Any], edge: Edge) -> list[Any]:
    """The two values at the border and one beyond, by the same factor (or step, across zero)."""
    near = list(values[:2] if edge.side == "low" else values[-2:])
    outer, inner = (near[0], near[1]) if edge.side == "low" else (near[1], near[0])
    beyond = outer * outer / inner if outer * inner > 0 else 2 * outer - inner
    if all(isinstance(value, int) for value in values):
        beyond = round(beyond)
        if edge.side == "low" and values[0] > 0:
            beyond = max(1, beyond)
    else:
        beyond = rounded(beyond)
    return sorted({*near, beyond})


def _wider(domain: SearchDomain, edge: Edge) -> tuple[float, float]:
    if domain.log:
        factor = 1 / WIDEN if edge.side == "low" else WIDEN
        beyond = edge.bound * factor
    else:
        half = (domain.high - domain.low) / 2
        beyond = edge.bound - half if edge.side == "low" else edge.bound + half
        if domain.low >= 0:
            beyond = max(beyond, domain.low if domain.low == 0 else domain.low / 2)
    return (beyond, domain.high) if edge.side == "low" else (domain.low, beyond)


def narrowed(
    domain: SearchDomain, best: Sequence[Any], tried: Sequence[Any] = ()
) -> Reshaped | None:
    """The range of the best values, with a margin; None where that is hardly narrower.

    Of `tried` values only what was worse is cut away: where none lies beyond the best ones, the
    border stays, since a space that was widened may hold stretches that nothing has tried.
    """
    if domain.kind.endswith("randn"):
        return None
    if domain.choices:
        kept = [value for value in domain.choices if value in best]
        if not 2 <= len(kept) < len(domain.choices):
            return None
        entry: Entry = {domain.kind: kept}
    else:
        values = [value for value in map(as_float, best) if domain.low <= value <= domain.high]
        if len(values) < 2:
            return None
        low, high = _range(domain, min(values), max(values))
        known = [as_float(value) for value in tried]
        if known and min(known) >= min(values):
            low = domain.low
        if known and max(known) <= max(values):
            high = domain.high
        size = domain.position(high) - domain.position(low)
        if not 0 < size <= WORTH:
            return None
        entry = _interval(domain, low, high)
        if domain.integer and len(set(entry[domain.kind][:2])) < 2:
            return None
    reason = Text(
        f"narrowed to where the best {len(best)} configurations lay",
        f"收窄到前 {len(best)} 个配置所在的范围",
    )
    return Reshaped(entry, reason, PLAYBOOK)


def _range(domain: SearchDomain, low: float, high: float) -> tuple[float, float]:
    if domain.log:
        margin = (high / low) ** MARGIN
        return max(domain.low, low / margin), min(domain.high, high * margin)
    margin = MARGIN * (high - low)
    return max(domain.low, low - margin), min(domain.high, high + margin)


def extended(domain: SearchDomain, value: Any, suggestion: Suggestion) -> Reshaped | None:
    """The domain with a suggested value in it.

    None where it is in it already, or where the list holds values on both sides of a value that is
    only a step in some direction.
    """
    if domain.choices:
        target = as_float(value)
        a_step = suggestion.op != "set" and domain.ordered
        if value in domain.choices or (a_step and domain.low <= target <= domain.high):
            return None
        values = [*domain.choices, value]
        entry: Entry = {domain.kind: sorted(values) if domain.ordered else values}
    else:
        target = as_float(value)
        if not math.isfinite(target) or domain.low <= target <= domain.high:
            return None
        if domain.log and target <= 0:
            return None
        entry = _interval(domain, min(domain.low, target), max(domain.high, target))
    reason = Text(
        f"extended to {_text(value)}: {suggestion.reason.en}",
        f"扩展到 {_text(value)}：{suggestion.reason.zh}",
    )
    return Reshaped(entry, reason, suggestion.source)


def _interval(domain: SearchDomain, low: float, high: float) -> Entry:
    """The domain's own kind with other bounds, rounded outwards to three digits."""
    if domain.integer:
        exclusive = math.isnan(domain.step)
        bounds = [math.floor(low), math.ceil(high) + (1 if exclusive else 0)]
        if domain.log:
            bounds[0] = max(1, bounds[0])
        return {domain.kind: [*bounds, *([] if exclusive else [int(domain.step)])]}
    step = [] if math.isnan(domain.step) else [domain.step]
    return {domain.kind: [rounded(low), rounded(high), *step]}


def _text(value: Any) -> str:
    return num(value) if isinstance(value, float) else str(value)
