"""Which configurations of the ranking differ significantly, and what would have been visible.

One error rate of 5 % holds for all pairs of configurations of a table together: under equality, one
table in twenty calls any two of them different (`analysis/stats/pooled_comparison.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.metrics.lookup import largest_difference
from ilsweep.analysis.metrics.not_finite import ends_finite
from ilsweep.analysis.metrics.objectives import Objective, episodes, successes
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.intervals_and_tests import Interval, mcnemar
from ilsweep.analysis.stats.levels import ALPHA
from ilsweep.analysis.stats.pooled_comparison import PairedTable, paired_table

Array = NDArray[np.float64]

TestName = Literal["Tukey", "pairwise t", "none"]


@dataclass(frozen=True)
class SharedEpisodes:
    """Two configurations' policies on the same evaluation seeds, training seed by training seed.

    It speaks of these policies: a policy trained with another seed may differ more than they do.
    """

    wins: int
    """Episodes that only the one above solved."""
    losses: int
    pairs: int
    p: float
    """McNemar's exact test, two-sided."""


@dataclass(frozen=True)
class Comparison:
    """Two neighbours of the table, the better one above."""

    above: str
    below: str
    """Ids of the configurations."""
    metric: str
    test: TestName
    """Over training seeds: Tukey's range with the noise pooled over the table; of each pair alone
    where the standard deviations are plainly unequal; none where no configuration has two seeds."""
    n: int
    """The smaller number of seeds."""
    difference: float
    """How much better the one above is, in the metric's unit."""
    interval: Interval | None
    """Holds for all pairs of the table at once."""
    p: float
    """Corrected for all pairs of the table."""
    significant: bool
    """The one above is significantly better."""
    visible: float
    """The difference that would be significant in 80 % of such tables; infinite where no two
    values can differ by so much, NaN where none is tested."""
    shared: SharedEpisodes | None


@dataclass(frozen=True)
class Contender:
    """What a comparison asks of one configuration, read from its counted trials once."""

    config_id: str
    tier: object
    """Only contenders of the same tier are compared: others differ by health or by length."""
    values: tuple[float, ...]
    """Of the objective, one a trial; larger is better."""
    by_seed: dict[int, float]
    """The same by training seed."""
    floor: float
    """Least variance of one value: of a success rate, the binomial one."""
    episodes: dict[int, dict[str, bool]] = field(default_factory=dict)
    """Outcome by evaluation seed, by training seed; none of a trial whose training seed is not
    known: LeRobot's episodes begin with it, so that two such trials may share no episode."""


def contender(
    config_id: str, trials: Sequence[TrialRecord], objective: Objective, tier: object
) -> Contender:
    """A configuration by its counted `trials`, one or more."""
    values = [-objective.sign * ends_finite(trial, objective.metric) for trial in trials]
    return Contender(
        config_id=config_id,
        tier=tier,
        values=tuple(values),
        by_seed={t.seed: v for t, v in zip(trials, values, strict=True) if t.seed is not None},
        floor=binomial_variance(success_counts(trials)) if objective.metric == SUCCESS else 0.0,
        episodes={
            trial.seed: won
            for trial in trials
            if trial.seed is not None and (won := episodes(trial))
        },
    )


def binomial_variance(counts: Sequence[tuple[int, int]]) -> float:
    """Variance of one trial's success rate in percent from its episodes alone; 0 of no episodes.

    The rate is taken with one success and one failure more (Laplace), so that ten of ten episodes
    are no proof of a variance of zero.

    Args:
        counts: (successes, episodes) of each trial.
    """
    if not counts:
        return 0.0
    rate = (sum(k for k, _ in counts) + 1) / (sum(n for _, n in counts) + 2)
    return 1e4 * rate * (1 - rate) * float(np.mean([1 / n for _, n in counts]))


def success_counts(trials: Iterable[TrialRecord]) -> list[tuple[int, int]]:
    """(successes, episodes) of each trial that was rolled out."""
    return [count for count in map(successes, trials) if count is not None]


def compare_neighbours(rows: Sequence[Contender | None], objective: Objective) -> list[Comparison]:
    """Compare each row that has counted trials with the next, where that is of the same tier."""
    return _compare(
        rows,
        objective,
        [
            (above, below)
            for above, below in pairwise(rows)
            if above and below and above.tier == below.tier
        ],
    )


def compare_with_first(rows: Sequence[Contender | None], objective: Objective) -> list[Comparison]:
    """Compare the first row with every other one of its tier."""
    tier = _first_tier(rows)
    return _compare(tier, objective, [(tier[0], other) for other in tier[1:]])


def expected_of_first(rows: Sequence[Contender | None], objective: Objective) -> float:
    """What the first row's value is expected to be with fresh training seeds.

    NaN where that cannot be said.
    """
    tier = _first_tier(rows)
    table = _table(tier, objective) if tier else None
    return -objective.sign * table.shrunken(0) if table else math.nan


def probability_over(
    rows: Sequence[Contender | None], config_id: str, objective: Objective
) -> float:
    """That the first row beats this one with fresh training seeds; NaN where it cannot be said."""
    tier = _first_tier(rows)
    table = _table(tier, objective) if tier else None
    place = next((i for i, row in enumerate(tier) if row.config_id == config_id), 0)
    return table.probability(0, place) if table and place else math.nan


def _first_tier(rows: Sequence[Contender | None]) -> list[Contender]:
    """The first row and those that are compared with it; none where it has no counted trials."""
    return [row for row in rows if row and rows[0] and row.tier == rows[0].tier]


def _compare(
    rows: Sequence[Contender | None],
    objective: Objective,
    pairs: Sequence[tuple[Contender, Contender]],
) -> list[Comparison]:
    tiers: dict[object, list[Contender]] = {}
    for row in rows:
        if row:
            tiers.setdefault(row.tier, []).append(row)
    tables = {tier: _table(members, objective) for tier, members in tiers.items()}
    place = {id(row): i for members in tiers.values() for i, row in enumerate(members)}
    return [
        _comparison(above, below, objective, tables[above.tier], place[id(above)], place[id(below)])
        for above, below in pairs
    ]


def _table(members: Sequence[Contender], objective: Objective) -> PairedTable | None:
    """By seed where all have the same seeds, so that the seeds' own effects cancel."""
    seeds = sorted(members[0].by_seed)
    shared = len(seeds) > 1 and all(
        len(m.values) == len(seeds) and sorted(m.by_seed) == seeds for m in members
    )
    rows = [np.array([m.by_seed[s] for s in seeds] if shared else m.values) for m in members]
    floors, most = [m.floor for m in members], largest_difference(objective.metric)
    return paired_table(rows, floors, shared=shared, most=most)


def _comparison(
    above: Contender,
    below: Contender,
    objective: Objective,
    table: PairedTable | None,
    i: int,
    j: int,
) -> Comparison:
    found = table.compare(i, j) if table else None
    if found is not None and not math.isfinite(found.interval.low):
        found = None
    if found is not None and found.interval.low == found.interval.high:
        found = None  # all seeds of all configurations have one value: the noise is not known
    return Comparison(
        above=above.config_id,
        below=below.config_id,
        metric=objective.metric,
        test=table.test if table and found else "none",
        n=min(len(above.values), len(below.values)),
        difference=found.difference if found else _mean(above) - _mean(below),
        interval=found.interval if found else None,
        p=found.p if found else 1.0,
        significant=found is not None and found.p < ALPHA and found.difference > 0,
        visible=found.visible if found else math.nan,
        shared=_shared_episodes(above, below),
    )


def _mean(row: Contender) -> float:
    return float(np.mean(row.values))


def _shared_episodes(above: Contender, below: Contender) -> SharedEpisodes | None:
    wins = losses = pairs = 0
    for training_seed, ours in above.episodes.items():
        theirs = below.episodes.get(training_seed, {})
        for seed, won in ours.items():
            if seed in theirs:
                pairs += 1
                wins += won and not theirs[seed]
                losses += theirs[seed] and not won
    return SharedEpisodes(wins, losses, pairs, mcnemar(wins, losses)) if pairs else None
