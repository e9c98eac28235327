"""A race over seeds: further ones go only to configurations that can still be the best.

Round by round each configuration that is left gets the same next seed, so that the seeds' own
effects cancel. One drops out where the sum of its differences from the leader is more than `BOUND`
standard deviations of the noise: elimination by a bound on the sum is that of Paulson (1964, Annals
of Mathematical Statistics 35) and of Kim & Nelson (2001, ACM TOMACS 11). Their bounds promise a
rate of wrong choices and cost many times more; this one was chosen by simulation, for the fewest
trainings for the same rate (`benchmarks/decision`). It is a rule of choice and no test.

The bound falls by half of the smallest effect with each seed, as in Kim & Nelson (their triangular
region). Who is out by that alone may be as good as the leader, but not better by as much as
matters: where nobody else is left by it, the race ends with all those that the whole bound leaves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BOUND = 4.0
"""Standard deviations of the noise that a sum of differences may reach: 2.8 of the noise of a
difference. The bound falls with the number of seeds as 1/n in the mean, faster than noise does:
early decisions are the careful ones."""

NEAREST = 4
"""Configurations, the best first, of which the noise is taken at least."""
AHEAD = 0.25
"""Share of the configurations that get a second seed before the others, where each has one."""

Ended = Literal["", "one left", "small differences", "all seeds", "none fit"]
"""Why a race ended; nothing while it goes on."""


@dataclass(frozen=True)
class Look:
    """What a race sees after a round. c configurations."""

    members: tuple[int, ...]
    """Those of the race that can still be compared, by their numbers; none: none is fit."""
    values: Array
    """Of each with each seed so far, (c, seeds); larger is better."""
    floor: float = 0.0
    """Least variance of one value."""


@dataclass(frozen=True)
class Noise:
    """Variance of a value around its configuration's mean and its seed's.

    Of those nearest to the leader: the hopeless are often much noisier, as trainings that diverge.
    """

    variance: float = math.inf
    freedom: int = 0

    @classmethod
    def of(cls, look: Look) -> Noise:
        """From the residual of configuration x seed, of the better half, four or more."""
        ranked = np.argsort(-look.values.sum(axis=1), kind="stable")
        table = look.values[ranked[: max(NEAREST, (len(ranked) + 1) // 2)]]
        freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
        if freedom < 1:
            return cls()
        rest = table - table.mean(1, keepdims=True) - table.mean(0) + table.mean()
        return cls(max(float((rest**2).sum()) / freedom, look.floor), freedom)


@dataclass(frozen=True)
class Round:
    """After so many seeds."""

    seeds: int
    left: tuple[int, ...]
    """Who can still be the best."""


@dataclass(frozen=True)
class Outcome:
    """How far a race has come."""

    rounds: tuple[Round, ...]
    ended: Ended


def race(
    look: Callable[[tuple[int, ...], int], Look | None],
    contestants: Sequence[int],
    at_least: int,
    at_most: int,
    smallest_effect: float = 0.0,
) -> Outcome:
    """Race by what is there; it follows from the values alone, whenever and how often it is run.

    Args:
        look: What is known of these configurations with so many seeds; None where a training is
            still to come.
        at_least: Seeds of every configuration.
        at_most: Seeds of any.
        smallest_effect: Differences that do not matter; the race ends where no others are left.
    """
    left, noise, rounds = tuple(contestants), Noise(), list[Round]()
    for seeds in range(at_least, at_most + 1):
        seen = look(left, seeds)
        # One value of each says nothing of the noise: the best get their second seed first.
        pair = look(_ahead(seen), 2) if seen and seeds == 1 else seen
        if seen is None or pair is None:
            return Outcome(tuple(rounds), "")
        noise = max(noise, Noise.of(pair), key=lambda known: known.freedom)
        bound = BOUND * math.sqrt(noise.variance)
        matters = bound - seeds * smallest_effect / 2
        left = _within(seen, matters)
        if decided := matters <= 0 or len(left) < 2:
            left = _within(seen, bound)
        rounds.append(Round(seeds, left))
        if decided:
            return Outcome(tuple(rounds), _ended(len(left)))
    return Outcome(tuple(rounds), "all seeds")


def _ahead(seen: Look) -> tuple[int, ...]:
    """Those that get their second seed first: the best by their first."""
    count = max(NEAREST, math.ceil(AHEAD * len(seen.members)))
    ranked = np.argsort(-seen.values[:, 0], kind="stable")[:count]
    return tuple(seen.members[i] for i in ranked)


def _within(seen: Look, bound: float) -> tuple[int, ...]:
    """Those whose sum over the seeds is behind the leader's by no more."""
    sums = seen.values.sum(axis=1)
    near = sums.max(initial=-math.inf) - sums <= bound
    return tuple(name for name, stays in zip(seen.members, near, strict=True) if stays)


def _ended(left: int) -> Ended:
    if left == 0:
        return "none fit"
    return "one left" if left == 1 else "small differences"
