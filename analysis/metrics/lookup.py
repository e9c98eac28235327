"""Metrics looked up by name: `Catalog`, the table with a trainer's own laid over it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from ilsweep.analysis.metrics.catalog import METRICS, SIGNED, is_success_rate
from ilsweep.analysis.metrics.metric import Metric, Mode, Role
from ilsweep.analysis.metrics.names import direction_by_name
from ilsweep.analysis.text import Text

GROUPS = ("train", "eval", "probe")
"""One of them stands before a trainer's metric that was declared without a slash."""


TABLE = frozenset(metric.name for metric in METRICS)


class Catalog:
    """Every metric that is known in a sweep."""

    def __init__(self, own: Iterable[Metric] = ()) -> None:
        """The table, and over it a trainer's `own`.

        What one of them says replaces what the table says of that name, or of its family.
        """
        self._metrics = {metric.name: metric for metric in METRICS}
        self._families = [metric for metric in METRICS if "*" in metric.name]
        for metric in own:
            known = self.get(metric.name)
            if known and known.name != metric.name:
                known = replace(known, name=metric.name, label=_label_in(known, metric.name))
            self._metrics[metric.name] = _laid_over(known, metric) if known else metric
        self._families = [metric for metric in self._metrics.values() if "*" in metric.name]

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._metrics.values())

    def get(self, name: str) -> Metric | None:
        """The metric of that name, or the family that it belongs to; None where it is unknown."""
        if name in self._metrics:
            return self._metrics[name]
        return next((m for m in self._families if fnmatchcase(name, m.name)), None)

    def label(self, name: str) -> Text:
        """What reports call it in both languages; its name where nothing else is known."""
        metric = self.get(name)
        return (metric and _label_in(metric, name)) or Text(name, name)

    def direction(self, name: str) -> Mode | None:
        """Which end of it is good; None where that is not known.

        What the table leaves open has no good end; of other metrics the name is asked. The
        objective of a sweep has its own (`Objective.mode`), whatever it is called.
        """
        metric = self.get(name)
        if metric is not None and (metric.direction or metric.name in TABLE):
            return metric.direction
        return direction_by_name(name)


KNOWN = Catalog()
"""The table alone."""


def possible(name: str) -> tuple[float, float]:
    """The smallest and the largest value that a metric can have, by the table."""
    if is_success_rate(name):
        return 0.0, 100.0
    metric = KNOWN.get(name)
    if metric is None or metric.name in SIGNED:
        return -math.inf, math.inf
    return 0.0, 1.0 if metric.unit == "share" else math.inf


def largest_difference(name: str) -> float:
    """By so much can two values of a metric differ at most."""
    low, high = possible(name)
    return high - low


def _label_in(metric: Metric, name: str) -> Text | None:
    """The label of one of a family by the part of its name, of any other metric its own."""
    if metric.label is None:
        return None
    before, star, after = metric.name.partition("*")
    member = feature(name.removeprefix(before).removesuffix(after)) if star else "*"
    return Text(metric.label.en.replace("*", member), metric.label.zh.replace("*", member))


def feature(name: str) -> str:
    """A feature as reports call it; LeRobot's names begin with `observation.`."""
    return name.removeprefix("observation.").removeprefix("images.")


def with_role(role: Role) -> tuple[str, ...]:
    """Names of the table's metrics with a role, in its order."""
    return tuple(metric.name for metric in METRICS if metric.role == role)


def catalog_of(manifest: Mapping[str, Any]) -> Catalog:
    """The table with the metrics that a sweep's manifest says of its trainer."""
    trainer = manifest.get("trainer")
    metrics = trainer.get("metrics") if isinstance(trainer, Mapping) else None
    return Catalog(own_metrics(metrics) if isinstance(metrics, Mapping) else ())


def own_metrics(metrics: Mapping[str, Any]) -> list[Metric]:
    """A trainer's metrics as a manifest has them: name to a sentence, or to a `Metric`'s fields."""
    return [metric for name, said in metrics.items() for metric in _own(str(name), said)]


def _own(name: str, said: Any) -> list[Metric]:
    """A metric as a manifest says it: a sentence, or the fields of a trainer's `Metric`."""
    if not isinstance(said, Mapping):
        said = {"about": said}
    names = [name] if "/" in name else [f"{group}/{name}" for group in GROUPS]
    unit, direction = _word(said.get("unit")), said.get("direction")
    en, zh = _word(said.get("label")), _word(said.get("label_zh"))
    effect = said.get("smallest_effect")
    return [
        Metric(
            one,
            _word(said.get("about")),
            unit,
            direction if direction in ("min", "max") else None,
            label=_label(one, en, zh, unit),
            smallest_effect=float(effect) if isinstance(effect, int | float) else None,
        )
        for one in names
    ]


def _label(name: str, en: str, zh: str, unit: str) -> Text | None:
    """A label for both languages, with the unit; None where neither a label nor a unit is said."""
    if not (en or zh or unit):
        return None
    bracket = f"({unit})" if unit else ""
    return Text(f"{en or name}{bracket and ' '}{bracket}", f"{zh or en or name}{bracket}")


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _laid_over(known: Metric, own: Metric) -> Metric:
    return replace(
        known,
        about=own.about or known.about,
        unit=own.unit or known.unit,
        direction=own.direction or known.direction,
        label=own.label or known.label,
        smallest_effect=own.smallest_effect or known.smallest_effect,
    )
