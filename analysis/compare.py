"""Which neighbours of the ranking can be told apart, and what it would take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from analysis.outcomes import Objective, episodes, successes
from analysis.records import TrialRecord
from analysis.statistics import (
    LEVEL,
    Contrast,
    Interval,
    holm,
    mcnemar,
    paired_test,
    rollouts_needed,
    seeds_needed,
    welch_test,
)

SUCCESS = "eval/pc_success"

TestName = Literal["paired t", "paired bootstrap", "Welch t", "McNemar", "none"]


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
    """Over training seeds; McNemar where there is one training seed and episodes are shared."""
    n: int
    """Pairs of seeds or episodes, or the smaller number of seeds."""
    difference: float
    """How much better the one above is, in the metric's unit."""
    interval: Interval | None
    sd: float
    """Standard deviation of a pair of seeds' difference; NaN where it is not known."""
    p: float
    p_holm: float
    """After Holm's correction over all comparisons of the table."""
    told_apart: bool
    seeds_needed: int | None
    """Seeds in all, of each, that would tell a difference as large as the one seen with 80 %
    power, after the same correction; None where it is told apart already or nothing is known of
    the spread."""
    rollouts_needed: int | None
    """The same in episodes of each, where successes were counted."""
    shared: SharedEpisodes | None


def compare_neighbours(
    rows: Sequence[tuple[Sequence[TrialRecord], object]], objective: Objective
) -> list[Comparison]:
    """Compare each row (its counted trials, its tier) with the next of the same tier.

    Rows of different tiers are told apart by health or by length, not by value. Neighbours differ
    least of all pairs, so that the tests here are the hardest of the table.
    """
    return _corrected(
        [
            _compare(above, below, objective)
            for (above, tier), (below, next_tier) in pairwise(rows)
            if above and below and tier == next_tier
        ]
    )


def compare_with_first(
    rows: Sequence[tuple[Sequence[TrialRecord], object]], objective: Objective
) -> list[Comparison]:
    """Compare the first row with every other one of its tier."""
    if not rows or not rows[0][0]:
        return []
    first, tier = rows[0]
    return _corrected(
        [_compare(first, other, objective) for other, its in rows[1:] if other and its == tier]
    )


def _corrected(raw: Sequence[Comparison]) -> list[Comparison]:
    tested = [pair for pair in raw if pair.test != "none"]
    p_values = [pair.p for pair in tested]
    below = np.argsort(np.argsort(p_values, kind="stable"), kind="stable")
    corrected = iter(zip(holm(p_values), (len(tested) - below).tolist(), strict=True))
    return [pair if pair.test == "none" else _decided(pair, *next(corrected)) for pair in raw]


def _decided(pair: Comparison, p_holm: float, times: int) -> Comparison:
    """The pair after correction; `times` is what Holm multiplies its p by."""
    if p_holm < 1 - LEVEL:
        return replace(
            pair, p_holm=p_holm, told_apart=True, seeds_needed=None, rollouts_needed=None
        )
    needed = seeds_needed(pair.difference, pair.sd, (1 - LEVEL) / times)
    if needed is not None and pair.test != "McNemar":
        needed = max(needed, pair.n + 1)
    return replace(pair, p_holm=p_holm, seeds_needed=needed)


def _compare(
    above: Sequence[TrialRecord], below: Sequence[TrialRecord], objective: Objective
) -> Comparison:
    contrast, test, n = _over_seeds(above, below, objective)
    shared = _shared_episodes(above, below)
    p = contrast.p
    if test == "none" and shared is not None and objective.metric == SUCCESS:
        test, n, p = "McNemar", shared.pairs, shared.p
    return Comparison(
        above=above[0].config_id,
        below=below[0].config_id,
        metric=objective.metric,
        test=test,
        n=n,
        difference=contrast.difference,
        interval=contrast.interval,
        sd=contrast.sd,
        p=p,
        p_holm=1.0,
        told_apart=False,
        seeds_needed=seeds_needed(contrast.difference, contrast.sd),
        rollouts_needed=_rollouts(above, below),
        shared=shared,
    )


def _over_seeds(
    above: Sequence[TrialRecord], below: Sequence[TrialRecord], objective: Objective
) -> tuple[Contrast, TestName, int]:
    """Paired by training seed where two or more are shared, else Welch's test."""
    metric = objective.metric
    a = {trial.seed: -objective.sign * trial.last(metric) for trial in above}
    b = {trial.seed: -objective.sign * trial.last(metric) for trial in below}
    common = [seed for seed in a if seed is not None and seed in b]
    if len(common) >= 2:
        contrast = paired_test([a[seed] - b[seed] for seed in common])
        return contrast, "paired t" if len(common) < 8 else "paired bootstrap", len(common)
    x = [-objective.sign * trial.last(metric) for trial in above]
    y = [-objective.sign * trial.last(metric) for trial in below]
    contrast = welch_test(x, y)
    return contrast, "Welch t" if contrast.interval else "none", min(len(x), len(y))


def _shared_episodes(
    above: Sequence[TrialRecord], below: Sequence[TrialRecord]
) -> SharedEpisodes | None:
    others = {trial.seed: episodes(trial) for trial in below}
    wins = losses = pairs = 0
    for trial in above:
        outcomes = others.get(trial.seed, {})
        for seed, won in episodes(trial).items():
            if seed in outcomes:
                pairs += 1
                wins += won and not outcomes[seed]
                losses += outcomes[seed] and not won
    return SharedEpisodes(wins, losses, pairs, mcnemar(wins, losses)) if pairs else None


def _rollouts(above: Sequence[TrialRecord], below: Sequence[TrialRecord]) -> int | None:
    rates = [_rate(above), _rate(below)]
    if not np.isfinite(rates).all():
        return None
    return rollouts_needed(*rates)


def _rate(trials: Sequence[TrialRecord]) -> float:
    counts = [count for count in map(successes, trials) if count is not None]
    n = sum(count[1] for count in counts)
    return sum(count[0] for count in counts) / n if n else math.nan
