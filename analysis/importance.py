"""Which parameter matters, how sure that is, and whether the space was large enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from analysis.findings.finding import Text
from analysis.statistics import Interval


@dataclass(frozen=True)
class ParamImportance:
    """One parameter's share of the variation of the objective; the shares add up to 1."""

    param: str
    share: float
    interval: Interval | None
    """Bootstrap over configurations; None where there are too few of them."""


@dataclass(frozen=True)
class Edge:
    """The best configuration lies on a border of the space."""

    param: str
    value: Any
    side: Literal["low", "high"]
    bound: float
    log: bool


@dataclass(frozen=True)
class Importance:
    """Importance of every searched parameter, the largest first."""

    metric: str
    method: Literal["PED-ANOVA", "fANOVA", "none"]
    params: tuple[ParamImportance, ...]
    configs: int
    note: Text
    """How far to trust it, or why there is none."""
