"""Which configuration is chosen, and what that takes: our race and the rules of other tools.

SMAC and irace are re-implemented here from their papers, on a fixed set of configurations and
seeds: neither proposes configurations. What they leave open is set in their favour: the choice
among those that are left goes by the mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ilsweep.analysis.ranking.comparisons import binomial_variance
from ilsweep.analysis.stats.race import Look, race

Array = NDArray[np.float64]

SEEDS = 20
"""Of one configuration, at most."""
TRUSTED = 0.05
"""Level of irace's tests."""


@dataclass(frozen=True)
class Choice:
    """What a rule says of one sweep."""

    chosen: int
    trainings: int


@dataclass(frozen=True)
class Trained:
    """What a rule may look at, training by training."""

    values: Array
    """(k, seeds); larger is better."""
    episodes: int
    """Of a success rate; 0 where the values are none."""
    effect: float
    """A choice that is worse than the best by no more is not wrong."""


Rule = Callable[[Trained, np.random.Generator], Choice]


def our_race(at_least: int, at_most: int, *, effect: bool) -> Rule:
    """The race of `seeds: {at_least, at_most}`, with or without `smallest_effect`."""

    def rule(trained: Trained, rng: np.random.Generator) -> Choice:
        values, runs = trained.values, np.zeros(len(trained.values), int)

        def look(left: tuple[int, ...], seeds: int) -> Look:
            runs[list(left)] = np.maximum(runs[list(left)], seeds)
            seen = values[list(left), :seeds]
            return Look(left, seen, _floor(seen, trained.episodes))

        smallest = trained.effect if effect else 0.0
        last = race(look, range(len(values)), at_least, at_most, smallest).rounds[-1]
        return Choice(_best(values, last.left, last.seeds), int(runs.sum()))

    return rule


def _floor(seen: Array, episodes: int) -> float:
    if not episodes:
        return 0.0
    return binomial_variance([(round(v * episodes / 100), episodes) for v in seen.ravel().tolist()])


def z_race(trained: Trained, rng: np.random.Generator) -> Choice:
    """Two seeds, then out where 1.5 standard errors of a difference behind: a bound in the mean."""
    values = trained.values
    left, variance, freedom, trainings = tuple(range(len(values))), math.inf, 0, 2 * len(values)
    for seeds in range(2, SEEDS + 1):
        table = values[list(left), :seeds]
        rest = table - table.mean(1, keepdims=True) - table.mean(0) + table.mean()
        now = (len(left) - 1) * (seeds - 1)
        if now >= freedom:
            variance, freedom = float((rest**2).sum()) / now, now
        means = table.mean(axis=1)
        near = means.max() - means <= 1.5 * math.sqrt(2 * variance / seeds)
        left = tuple(np.array(left)[near].tolist())
        if len(left) == 1 or seeds == SEEDS:
            break
        trainings += len(left)
    return Choice(_best(values, left, seeds), trainings)


def intensification(trained: Trained, rng: np.random.Generator) -> Choice:
    """SMAC (Hutter, Hoos & Leyton-Brown 2011, algorithm 3), three times through all challengers.

    The incumbent gets one more seed at each challenge; a challenger 1, 2, 4, ... of the incumbent's
    seeds, until its mean over them is worse, or it has all and takes the incumbent's place.
    """
    values, k = trained.values, len(trained.values)
    runs, incumbent = np.zeros(k, int), int(rng.integers(k))
    runs[incumbent] = 1
    for challenger in np.concatenate([rng.permutation(k) for _ in range(3)]).tolist():
        if challenger == incumbent:
            continue
        runs[incumbent] = min(runs[incumbent] + 1, SEEDS)
        more = 1
        while True:
            runs[challenger] = min(runs[challenger] + more, runs[incumbent])
            shared = runs[challenger]
            if values[challenger, :shared].mean() < values[incumbent, :shared].mean():
                break
            if shared == runs[incumbent]:
                incumbent = challenger
                break
            more *= 2
    return Choice(incumbent, int(runs.sum()))


def f_race(trained: Trained, rng: np.random.Generator) -> Choice:
    """irace (Lopez-Ibanez et al. 2016): from five seeds on a Friedman test after each.

    Where it is significant, those are out that Conover's test puts behind the best; of two,
    Wilcoxon's.
    """
    values, first = trained.values, 5
    left = np.arange(len(values))
    trainings = first * len(values)
    for seeds in range(first, SEEDS + 1):
        left = left[friedman_survivors(values[left, :seeds])]
        if len(left) == 1 or seeds == SEEDS:
            break
        trainings += len(left)
    return Choice(_best(values, tuple(left.tolist()), seeds), trainings)


def friedman_survivors(table: Array) -> NDArray[np.bool_]:
    """By Friedman's test and Conover's comparison with the best (Conover 1999, section 5.8)."""
    k, n = table.shape
    if k == 2:
        return _survivors_of_two(table)
    ranks = _ranks(-table)
    sums, squares = ranks.sum(axis=1), float((ranks**2).sum())
    correction = n * k * (k + 1) ** 2 / 4
    if squares == correction:  # all tied
        return np.ones(k, np.bool_)
    statistic = (k - 1) * float(((sums - n * (k + 1) / 2) ** 2).sum()) / (squares - correction)
    if special.chdtrc(k - 1, statistic) >= TRUSTED:
        return np.ones(k, np.bool_)
    freedom = (n - 1) * (k - 1)
    width = 2 * n * (1 - statistic / (n * (k - 1))) * (squares - correction) / freedom
    bound = special.stdtrit(freedom, 1 - TRUSTED / 2) * math.sqrt(max(width, 0.0))
    return np.asarray(sums - sums.min() <= bound, np.bool_)


def _survivors_of_two(table: Array) -> NDArray[np.bool_]:
    """By Wilcoxon's signed ranks, in their normal approximation, as with ties."""
    difference = (table[0] - table[1])[table[0] != table[1]]
    if not len(difference):
        return np.ones(2, np.bool_)
    ranks = _ranks(np.abs(difference)[:, None])[:, 0]
    statistic = float((np.sign(difference) * ranks).sum()) / math.sqrt(float((ranks**2).sum()))
    if 2 * special.ndtr(-abs(statistic)) >= TRUSTED:
        return np.ones(2, np.bool_)
    return np.array([statistic > 0, statistic < 0])


def _ranks(table: Array) -> Array:
    """Ranks within each column, from 1 for the smallest; ties share their mean."""
    smaller = (table[None] < table[:, None]).sum(axis=1)
    equal = (table[None] == table[:, None]).sum(axis=1)
    return np.asarray(smaller + (equal + 1) / 2)


def _best(values: Array, left: tuple[int, ...], seeds: int) -> int:
    return left[int(values[list(left), :seeds].mean(axis=1).argmax())]


RULES: dict[str, Rule] = {
    "our race, 1 to 20 seeds, smallest effect given": our_race(1, SEEDS, effect=True),
    "our race, 1 to 20 seeds": our_race(1, SEEDS, effect=False),
    "our race, 2 to 20 seeds": our_race(2, SEEDS, effect=False),
    "our race, 3 to 20 seeds": our_race(3, SEEDS, effect=False),
    "our race, 3 to 10 seeds": our_race(3, 10, effect=False),
    "race with a bound of z 1.5, 2 to 20 seeds": z_race,
    "intensification (as SMAC), up to 20 seeds": intensification,
    "F-race (as irace), 5 to 20 seeds": f_race,
}
