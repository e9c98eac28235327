"""Records to rows: a configuration over its seeds, in an order that behaviour decides.

The unit is the configuration. Healthy ones stand above those of which nothing is known, and
these above ill ones (`health`); the rest of the order is `aggregate.in_order`, which the screen of
a running sweep goes by as well.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np

from ilsweep.analysis.metrics.lookup import KNOWN, Catalog
from ilsweep.analysis.metrics.objectives import (
    Objective,
    against_their_names,
    objectives_of,
)
from ilsweep.analysis.ranking.aggregate import in_order
from ilsweep.analysis.ranking.baselines import baselines
from ilsweep.analysis.ranking.caveats import notes_on, on_race
from ilsweep.analysis.ranking.common_scale import no_order, only_a_loss
from ilsweep.analysis.ranking.comparisons import (
    Comparison,
    Contender,
    compare_neighbours,
    compare_with_first,
    contender,
    expected_of_first,
)
from ilsweep.analysis.ranking.configurations import configurations
from ilsweep.analysis.ranking.confounded import confounded_in
from ilsweep.analysis.ranking.health import disagreements, with_health
from ilsweep.analysis.ranking.model import Against, Race, Ranking, Row
from ilsweep.analysis.ranking.race import race_of
from ilsweep.analysis.ranking.rows import row_of
from ilsweep.analysis.records.model import TrialRecord

SAVING = 0.1
"""Share of the first one's time: trainings of one cost differ by so much between machines."""


def rank(
    trials: Sequence[TrialRecord],
    spec: Mapping[str, Any],
    critical: Mapping[str, Set[str]],
    catalog: Catalog = KNOWN,
    defaults: Mapping[str, Any] | None = None,
) -> Ranking:
    """The ranking of `trials`.

    Args:
        spec: Names the objectives.
        critical: Trial to the ids of its critical findings, which keep a configuration out of the
            healthy part.
        catalog: The metrics that are known, with their good ends.
        defaults: Of the trainer's parameters, by dotted name.
    """
    objectives = objectives_of(spec, trials)
    by_id = {trial.id: trial for trial in trials}
    race = race_of(trials, spec, critical)
    rows = [row_of(found, objectives, critical) for found in configurations(trials)]
    if race is not None:
        rows = [replace(r, raced=race.judged.get(r.config_id, race.at_least)) for r in rows]
    rows = _ordered(with_health(rows, by_id, critical), objectives[0])
    if len(objectives) > 1:
        rows = _with_front(rows, objectives)
    contenders = _contenders(rows, by_id, objectives[0])
    first_seeds = _contenders(rows, by_id, objectives[0], race) if race else contenders
    comparisons = compare_neighbours(contenders, objectives[0])
    with_first = compare_with_first(contenders, objectives[0])
    ties = tuple(pair.below for pair in with_first if not pair.significant)
    unordered = no_order(trials, objectives[0])
    valued = any(row.objective.n for row in rows)
    alone = only_a_loss(trials, objectives[0]) if valued else None
    logged = (name for trial in trials for name in trial.curves)
    together = confounded_in(trials)
    return Ranking(
        objectives=objectives,
        rows=tuple(_with_ties(rows, comparisons, with_first)),
        comparisons=tuple(comparisons),
        tied_with_best=ties,
        cheapest=_cheapest(rows, ties, by_id),
        expected=expected_of_first(contenders, objectives[0]),
        baselines=baselines(rows, first_seeds, objectives[0], defaults or {}),
        no_order=unordered,
        confounded=together,
        race=race,
        notes=(
            *notes_on(rows, objectives, logged),
            *on_race(race, objectives[0].metric),
            *against_their_names(objectives, catalog),
            *filter(None, [unordered or alone, together]),
            *disagreements(rows, by_id),
        ),
    )


def _contenders(
    rows: Sequence[Row],
    by_id: Mapping[str, TrialRecord],
    objective: Objective,
    race: Race | None = None,
) -> list[Contender | None]:
    """What is compared of each row; with a `race`, of the seeds that every configuration has."""
    found = []
    for row in rows:
        counted, standing = [by_id[i] for i in row.counted], row.standing
        if race is not None:
            counted = [t for t in counted if t.seed is None or t.seed < race.at_least]
            standing = replace(standing, raced=0)
        one = contender(row.config_id, counted, objective, standing.tier) if counted else None
        found.append(one)
    return found


def _cheapest(rows: Sequence[Row], ties: Sequence[str], by_id: Mapping[str, TrialRecord]) -> str:
    """By seconds a training; the rows are in the order of the table."""
    tied = set(ties)
    cost = {
        row.config_id: float(np.mean([by_id[i].seconds for i in row.counted]))
        for row in rows
        if row.counted and (row is rows[0] or row.config_id in tied)
    }
    known = {name: seconds for name, seconds in cost.items() if math.isfinite(seconds)}
    first = known.get(rows[0].config_id) if rows else None
    if first is None:
        return ""
    least = min(known, key=lambda name: known[name])
    return least if known[least] < (1 - SAVING) * first else ""


def _ordered(rows: list[Row], objective: Objective) -> list[Row]:
    by_id = {row.config_id: row for row in rows}
    standings = in_order((row.standing for row in rows), objective.sign)
    rows = [by_id[standing.config_id] for standing in standings]
    losses = sorted(row.train_loss.value for row in rows if row.train_loss.n)
    return [
        replace(row, rank=place, loss_rank=_place(row, losses)) for place, row in enumerate(rows, 1)
    ]


def _place(row: Row, losses: Sequence[float]) -> int | None:
    """One more than there are smaller losses, so that equal ones share a place."""
    return bisect_left(losses, row.train_loss.value) + 1 if row.train_loss.n else None


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


def _with_ties(
    rows: list[Row], comparisons: Sequence[Comparison], with_first: Sequence[Comparison]
) -> list[Row]:
    ties: dict[str, list[str]] = {}
    for pair in comparisons:
        if not pair.significant:
            ties.setdefault(pair.above, []).append(pair.below)
            ties.setdefault(pair.below, []).append(pair.above)
    found: dict[str, Against] = {
        pair.below: "worse" if pair.significant else "tied" for pair in with_first
    }
    return [
        replace(
            row,
            tied_with=tuple(ties.get(row.config_id, ())),
            against_first=found.get(row.config_id, ""),
        )
        for row in rows
    ]
