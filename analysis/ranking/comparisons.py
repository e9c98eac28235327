"""Which neighbours of the ranking can be told apart, and what it would take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from ilsweep.analysis.metrics.objectives import Objective, episodes
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.intervals_and_tests import (
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
    episodes: dict[int | None, dict[str, bool]]
    """Outcome by evaluation seed, by training seed."""
    rate: float
    """Of success, over all episodes; NaN where none was counted."""


def contender(
    config_id: str,
    trials: Sequence[TrialRecord],
    objective: Objective,
    tier: object,
    rate: float,
) -> Contender:
    """A configuration by its counted `trials`, one or more, and its rate of success."""
    values = [-objective.sign * trial.last(objective.metric) for trial in trials]
    return Contender(
        config_id=config_id,
        tier=tier,
        values=tuple(values),
        by_seed={t.seed: v for t, v in zip(trials, values, strict=True) if t.seed is not None},
        episodes={trial.seed: won for trial in trials if (won := episodes(trial))},
        rate=rate,
    )


def compare_neighbours(rows: Sequence[Contender | None], objective: Objective) -> list[Comparison]:
    """Compare each row that has counted trials with the next, where that is of the same tier.

    Neighbours differ least of all pairs, so that the tests here are the hardest of the table.
    """
    return _corrected(
        [
            _compare(above, below, objective)
            for above, below in pairwise(rows)
            if above and below and above.tier == below.tier
        ]
    )


def compare_with_first(rows: Sequence[Contender | None], objective: Objective) -> list[Comparison]:
    """Compare the first row with every other one of its tier."""
    if not rows or not rows[0]:
        return []
    first = rows[0]
    return _corrected(
        [
            _compare(first, other, objective)
            for other in rows[1:]
            if other and other.tier == first.tier
        ]
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


def _compare(above: Contender, below: Contender, objective: Objective) -> Comparison:
    contrast, test, n = _over_seeds(above, below)
    shared = _shared_episodes(above, below)
    p = contrast.p
    if test == "none" and shared is not None and objective.metric == SUCCESS:
        test, n, p = "McNemar", shared.pairs, shared.p
    return Comparison(
        above=above.config_id,
        below=below.config_id,
        metric=objective.metric,
        test=test,
        n=n,
        difference=contrast.difference,
        interval=contrast.interval,
        sd=contrast.sd,
        p=p,
        p_holm=1.0,
        told_apart=False,
        seeds_needed=None,
        rollouts_needed=rollouts_needed(above.rate, below.rate),
        shared=shared,
    )


def _over_seeds(above: Contender, below: Contender) -> tuple[Contrast, TestName, int]:
    """Paired by training seed where two or more are shared, else Welch's test."""
    common = [seed for seed in above.by_seed if seed in below.by_seed]
    if len(common) >= 2:
        contrast = paired_test([above.by_seed[seed] - below.by_seed[seed] for seed in common])
        return contrast, "paired t" if len(common) < 8 else "paired bootstrap", len(common)
    contrast = welch_test(above.values, below.values)
    least = min(len(above.values), len(below.values))
    return contrast, "Welch t" if contrast.interval else "none", least


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
