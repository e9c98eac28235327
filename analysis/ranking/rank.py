"""Records to rows: a configuration over its seeds, in an order that behaviour decides.

The unit is the configuration. Healthy ones stand above those with a critical finding in most of
their seeds; the rest of the order is `aggregate.in_order`, which the screen of a running sweep goes
by as well.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ilsweep.analysis.findings.finding import Finding, Text
from ilsweep.analysis.metrics.objectives import (
    Mode,
    Objective,
    objectives_of,
    successes,
    train_loss,
)
from ilsweep.analysis.ranking.aggregate import Standing, counted, in_order
from ilsweep.analysis.ranking.caveats import notes_on
from ilsweep.analysis.ranking.comparisons import (
    SUCCESS,
    Comparison,
    compare_neighbours,
    compare_with_first,
    contender,
)
from ilsweep.analysis.ranking.configurations import Configuration, configurations
from ilsweep.analysis.records.model import State, TrialRecord
from ilsweep.analysis.records.schedule import Stretch, schedule, told
from ilsweep.analysis.stats.intervals_and_tests import (
    Interval,
    centre,
    clopper_pearson,
    student_interval,
)

__all__ = [
    "Comparison",
    "Estimate",
    "Mode",
    "Objective",
    "Ranking",
    "Row",
    "Successes",
    "rank",
]


SAVING = 0.1
"""Share of the first one's time: trainings of one cost differ by so much between machines."""


@dataclass(frozen=True)
class Estimate:
    """A number over the seeds of a configuration; `value` is NaN where no seed has one.

    The mean, with Student's interval: also of many seeds, of which some fail, the mean is what a
    user gets.
    """

    value: float
    interval: Interval | None
    """None with fewer than two seeds: one seed says nothing about spread."""
    n: int
    """Seeds that have a value."""
    method: Literal["mean", "none"]
    values: tuple[float, ...] = ()
    """The seeds' values, without those that have none."""


@dataclass(frozen=True)
class Successes:
    """Episodes that succeeded, pooled over the seeds of a configuration."""

    k: int
    n: int
    interval: Interval
    """Clopper-Pearson: of these policies, not of a policy trained with another seed."""
    by_seed: tuple[tuple[int, int], ...]
    """(k, n) of each seed's policy."""
    across: Interval | None
    """Student's interval of the rate over training seeds; None with fewer than two of them."""

    @property
    def rate(self) -> float:
        return self.k / self.n


@dataclass(frozen=True)
class Row:
    """A configuration over its seeds."""

    config_id: str
    """What people call it."""
    searched: dict[str, Any]
    """Of a configuration that changed while it trained, what it ended with."""
    trial_ids: tuple[str, ...]
    states: dict[State, int]
    """How many of its trials are in which state."""
    objective: Estimate
    """Of the first objective."""
    objectives: dict[str, Estimate]
    """Of every objective, by metric."""
    successes: Successes | None
    train_loss: Estimate
    rank: int
    """From 1; the order of the table."""
    loss_rank: int | None
    """Where its training loss alone would have put it; None where no loss was logged."""
    healthy: bool
    """No critical finding and no failure in most of its trials."""
    critical: tuple[str, ...]
    """Ids of the critical findings of any of its trials."""
    comparable: bool
    """Its value was taken at the full length of training (not stopped early, not running)."""
    steps: int
    """The shortest training among the trials whose values count."""
    counted: tuple[str, ...] = ()
    """The trials whose values count: the completed ones, or all where none completed."""
    tied_with: tuple[str, ...] = ()
    """Configurations next to it that cannot be separated from it."""
    pareto: bool = False
    """On the Pareto front; only with several objectives."""
    schedule: tuple[Stretch, ...] = ()
    """How its parameters changed while it trained; empty for one that kept them."""
    copies: tuple[str, ...] = ()
    """Trials that repeat its own and do not count."""

    @property
    def settings(self) -> dict[str, str]:
        """The searched parameters as they are told: a value, or its course."""
        return {name: told(name, v, self.schedule) for name, v in self.searched.items()}

    @property
    def standing(self) -> Standing:
        """What decides its place."""
        failed = self.states.get("failed", 0)
        values = self.objective.values
        return Standing(self.config_id, values, failed, self.healthy, self.comparable, self.steps)

    @property
    def success_rate(self) -> float:
        """Over all episodes of all seeds; NaN where none were counted."""
        return self.successes.rate if self.successes else math.nan


@dataclass(frozen=True)
class Ranking:
    """The table, best first."""

    objectives: tuple[Objective, ...]
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    """One for each pair of neighbours that can be compared."""
    tied_with_best: tuple[str, ...] = ()
    """Configurations that cannot be separated from the first one; all of its tier where there is
    one seed."""
    cheapest: str = ""
    """Of the first and those, the one whose training takes the least time; empty where it is the
    first, or saves less than `SAVING`."""
    notes: tuple[Text, ...] = field(default=())
    """What a reader must know: failures, early stops, one seed only, a metric that is missing."""

    @property
    def metric(self) -> str:
        return self.objectives[0].metric

    @property
    def mode(self) -> Mode:
        return self.objectives[0].mode

    @property
    def best(self) -> Row | None:
        """The first row, if it trained to the end, has a value and is healthy.

        A trial that was stopped early was never probed, so that nothing is known of its health.
        """
        row = self.rows[0] if self.rows else None
        sound = row is not None and row.healthy and row.comparable and row.objective.n > 0
        return row if sound else None


def rank(
    trials: Sequence[TrialRecord], spec: Mapping[str, Any], findings: Sequence[Finding]
) -> Ranking:
    """The ranking of `trials`; critical `findings` keep configurations out of its healthy part."""
    objectives = objectives_of(spec, trials)
    critical: dict[str, set[str]] = {}
    for finding in findings:
        if finding.severity == "critical":
            critical.setdefault(finding.trial, set()).add(finding.id)
    rows = [_row(found, objectives, critical) for found in configurations(trials)]
    rows = _ordered(rows, objectives[0])
    if len(objectives) > 1:
        rows = _with_front(rows, objectives)
    by_id = {trial.id: trial for trial in trials}
    contenders = [
        contender(
            row.config_id,
            [by_id[i] for i in row.counted],
            objectives[0],
            row.standing.tier,
        )
        if row.counted
        else None
        for row in rows
    ]
    comparisons = compare_neighbours(contenders, objectives[0])
    with_first = compare_with_first(contenders, objectives[0])
    ties = tuple(pair.below for pair in with_first if not pair.significant)
    return Ranking(
        objectives=objectives,
        rows=tuple(_with_ties(rows, comparisons)),
        comparisons=tuple(comparisons),
        tied_with_best=ties,
        cheapest=_cheapest(rows, ties, by_id),
        notes=tuple(notes_on(rows, objectives)),
    )


def _cheapest(rows: Sequence[Row], ties: Sequence[str], by_id: Mapping[str, TrialRecord]) -> str:
    """By seconds a training; the rows are in the order of the table."""
    cost = {
        row.config_id: float(np.mean([by_id[i].seconds for i in row.counted]))
        for row in rows
        if row.counted and (row is rows[0] or row.config_id in ties)
    }
    known = {name: seconds for name, seconds in cost.items() if math.isfinite(seconds)}
    first = known.get(rows[0].config_id) if rows else None
    if first is None:
        return ""
    least = min(known, key=lambda name: known[name])
    return least if known[least] < (1 - SAVING) * first else ""


def _row(
    found: Configuration, objectives: tuple[Objective, ...], critical: Mapping[str, set[str]]
) -> Row:
    metric, group = objectives[0].metric, found.trials
    course = schedule(group[0])
    used = [group[i] for i in counted([(t.state, t.last(metric)) for t in group])]
    ill = sum(t.state == "failed" or t.id in critical for t in group)
    estimates = {o.metric: _estimate([t.last(o.metric) for t in used], o) for o in objectives}
    return Row(
        config_id=found.label,
        searched=course[-1][1] if course else group[0].searched,
        trial_ids=tuple(t.id for t in group),
        states=dict(Counter(t.state for t in group)),
        objective=estimates[metric],
        objectives=estimates,
        successes=_pooled(used),
        train_loss=_estimate([train_loss(t) for t in used or group]),
        rank=0,
        loss_rank=None,
        healthy=2 * ill <= len(group),
        critical=tuple(sorted({i for t in group for i in critical.get(t.id, ())})),
        comparable=any(t.state == "completed" for t in used),
        steps=min((t.steps for t in used), default=0),
        counted=tuple(t.id for t in used),
        schedule=course,
        copies=found.copies,
    )


def _estimate(values: list[float], objective: Objective | None = None) -> Estimate:
    known = tuple(value for value in values if math.isfinite(value))
    value, method = centre(known)
    interval = student_interval(known)
    if interval is not None and objective is not None and objective.metric == SUCCESS:
        interval = Interval(max(0.0, interval.low), min(100.0, interval.high), interval.level)
    return Estimate(value, interval, len(known), method, known)


def _pooled(trials: Sequence[TrialRecord]) -> Successes | None:
    counts = [count for count in map(successes, trials) if count is not None]
    if not counts:
        return None
    k, n = sum(count[0] for count in counts), sum(count[1] for count in counts)
    across = student_interval([count[0] / count[1] for count in counts])
    if across is not None:
        across = Interval(max(0.0, across.low), min(1.0, across.high), across.level)
    return Successes(k, n, clopper_pearson(k, n), tuple(counts), across)


def _ordered(rows: list[Row], objective: Objective) -> list[Row]:
    by_id = {row.config_id: row for row in rows}
    standings = in_order((row.standing for row in rows), objective.sign)
    rows = [by_id[standing.config_id] for standing in standings]
    lossy = sorted((r for r in rows if r.train_loss.n), key=lambda r: r.train_loss.value)
    loss_rank = {row.config_id: place for place, row in enumerate(lossy, 1)}
    return [
        replace(row, rank=place, loss_rank=loss_rank.get(row.config_id))
        for place, row in enumerate(rows, 1)
    ]


def _with_front(rows: list[Row], objectives: tuple[Objective, ...]) -> list[Row]:
    """Mark the Pareto front among the healthy configurations that trained to the end."""
    if not rows:
        return rows
    costs = np.array([[o.sign * r.objectives[o.metric].value for o in objectives] for r in rows])
    able = np.array([row.healthy and row.comparable for row in rows], np.bool_)
    able &= np.isfinite(costs).all(axis=1)
    front = able.copy()
    for i in np.flatnonzero(able):
        better = (costs <= costs[i]).all(axis=1) & (costs < costs[i]).any(axis=1)
        front[i] = not (better & able).any()
    return [replace(row, pareto=bool(on)) for row, on in zip(rows, front, strict=True)]


def _with_ties(rows: list[Row], comparisons: Sequence[Comparison]) -> list[Row]:
    ties: dict[str, list[str]] = {}
    for pair in comparisons:
        if not pair.significant:
            ties.setdefault(pair.above, []).append(pair.below)
            ties.setdefault(pair.below, []).append(pair.above)
    return [replace(row, tied_with=tuple(ties.get(row.config_id, ()))) for row in rows]
