"""The metrics that a spec names: whether its trainer logs them, and what it logs means."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from pydantic import BaseModel

from ilsweep.analysis.importers.metric_names import known
from ilsweep.analysis.metrics.catalog import PER_EPISODE, SUCCESS
from ilsweep.analysis.metrics.lookup import KNOWN, Catalog, own_metrics
from ilsweep.analysis.metrics.metric import Metric
from ilsweep.analysis.metrics.objectives import Objective, against_their_names
from ilsweep.sweeps.errors import Problem
from ilsweep.sweeps.external.registry import PLAIN
from ilsweep.sweeps.metrics import grouped
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.trainers.core.metric_needs import Needs, lacking
from ilsweep.trainers.core.registry import Described, metrics_table
from ilsweep.trainers.data.source import DataSource

SHOWN = 3
"""So many metrics are named in place of one that is not known."""


def metrics_of(trainer: Described) -> list[Metric]:
    """What a trainer logs, in its own order: its own words, and the catalogue's where it has none.

    Empty where that is not known.
    """
    own = own_metrics(metrics_table(trainer))
    catalog = Catalog(own)
    found = [catalog.get(metric.name) or metric for metric in own]
    return [replace(m, direction=catalog.direction(m.name)) for m in found]


def meaning(metric: Metric) -> str:
    """A metric's sentence, unit and direction, in one line."""
    better = {"min": "smaller is better", "max": "larger is better", None: ""}[metric.direction]
    facts = ", ".join(filter(None, [metric.unit, better]))
    return " ".join(filter(None, [metric.about, f"[{facts}]" if facts else ""]))


def metric_problems(spec: SweepSpec, metrics: Sequence[Metric]) -> Iterator[Problem]:
    """Objectives and claims about what the trainer does not log; nothing where that is unknown."""
    named = [("objective.metric", objective.metric) for objective in spec.objectives]
    named += [(f"hypotheses.{i}.metric", h.metric) for i, h in enumerate(spec.hypotheses)]
    for where, metric in named:
        if "/" not in metric:
            found = ["train/loss"] if not metric else grouped(metric)
            valid = _nearest(metric, metrics, spec.trainer) if metrics else ", ".join(found)
            yield Problem(where, "a metric's name is GROUP/NAME", metric, valid)
        elif metrics and not any(fnmatchcase(metric, one.name) for one in metrics):
            valid = _nearest(metric, metrics, spec.trainer)
            yield Problem(where, f"not a metric of {spec.trainer}", metric, valid)
        elif metric.startswith(PER_EPISODE):
            rule = "is of one episode, which shows nothing of a policy"
            yield Problem(where, rule, metric, _nearest(SUCCESS, metrics, spec.trainer))


def missing(
    spec: SweepSpec, needs: Mapping[str, Needs], config: BaseModel, data: DataSource
) -> Iterator[Problem]:
    """Objectives that never come with one configuration.

    Claims about what never comes are no mistakes: a first short run of a spec has them, too
    (`workflow/power.py` says that they cannot be decided).
    """
    for objective in spec.objectives:
        if lacks := lacking(needs, objective.metric, config, data):
            rule, valid = lacks
            yield Problem("objective.metric", f"comes with {rule}", objective.metric, valid)


def against_known_directions(spec: SweepSpec, trainer: Described) -> list[str]:
    """A line for each objective whose mode is not the end that is good by all that is known."""
    objectives = [Objective(o.metric, o.mode) for o in spec.objectives]
    catalog = Catalog(own_metrics(metrics_table(trainer)))
    return [f"objective: {note.en}" for note in against_their_names(objectives, catalog)]


def _nearest(name: str, metrics: Sequence[Metric], trainer: str) -> str:
    """What may have been meant, each with its meaning; what is usual where nothing is near."""
    near = _by_role(name, metrics) or _by_name(name, metrics) or _by_words(name, metrics)
    found = near or [metric for metric in metrics if metric.default] or list(metrics)
    group = name.partition("/")[0]
    found = sorted(found, key=lambda one: (one.name.partition("/")[0] != group, not one.default))
    shown = "; ".join(_with_meaning(metric) for metric in found[:SHOWN])
    return shown if trainer == PLAIN else f"{shown}; all: ilsweep trainers {trainer}"


def _with_meaning(metric: Metric) -> str:
    known = meaning(metric)
    return f"{metric.name} ({known})" if known else metric.name


def _by_role(name: str, metrics: Sequence[Metric]) -> list[Metric]:
    """What another common name stands for (`val_loss`), or what the trainer has in its place."""
    meant = KNOWN.get(known(name))
    if meant is None or meant.role in ("other", "probe", "count"):
        return []
    same = [metric for metric in metrics if metric.name == meant.name]
    return same or [metric for metric in metrics if metric.role == meant.role]


def _by_name(name: str, metrics: Sequence[Metric]) -> list[Metric]:
    """A similar name, with or without its group."""
    by_name = {metric.name: metric for metric in metrics if "*" not in metric.name}
    similar = difflib.get_close_matches(name, by_name, n=SHOWN, cutoff=0.6)
    tails = {metric.rpartition("/")[2]: metric for metric in reversed(by_name)}
    tail = name.rpartition("/")[2]
    similar += [tails[one] for one in difflib.get_close_matches(tail, tails, n=1, cutoff=0.6)]
    return [by_name[one] for one in dict.fromkeys(similar)]


def _by_words(name: str, metrics: Sequence[Metric]) -> list[Metric]:
    """Metrics with a word of the name in their own name or sentence: `success_rate`."""
    words = {word for word in re.split(r"[^a-z0-9]+", name.lower()) if len(word) > len("eval")}
    described = [(metric, f"{metric.name} {metric.about}".lower()) for metric in metrics]
    return [m for m, text in described if "*" not in m.name and any(word in text for word in words)]
