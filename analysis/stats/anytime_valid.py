"""Tests that may be looked at after every episode, with their error rate kept (`ilsweep confirm`).

Both rest on Ville's inequality (1939): a non-negative martingale that starts at 1 exceeds 1/alpha
at any time with probability at most alpha. The martingales are Beta mixtures of likelihood ratios
(Robbins 1970, "Statistical methods related to the law of the iterated logarithm"; Howard et al.
2021, "Time-uniform confidence sequences").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy import special
from scipy.optimize import brentq

from ilsweep.analysis.stats.intervals_and_tests import Interval, check_counts
from ilsweep.analysis.stats.levels import ALPHA, LEVEL

PRIOR = 0.5
"""Both parameters of the mixing Beta distribution; 1/2 is Jeffreys'."""


def rate_interval(k: int, n: int, level: float = LEVEL) -> Interval:
    """Interval of a success rate that holds at every n at once, k successes of n so far.

    Wider than Clopper-Pearson's, which holds at one n fixed beforehand.

    Raises:
        ValueError: not 0 <= k <= n.
    """
    check_counts(k, n)
    bound = math.log(1 / (1 - level))
    mixture = float(special.betaln(PRIOR + k, PRIOR + n - k) - special.betaln(PRIOR, PRIOR))

    def excess(rate: float) -> float:
        return mixture - float(special.xlogy(k, rate) + special.xlogy(n - k, 1 - rate)) - bound

    seen = k / n if n else 0.5
    tiny = 1e-12
    low = 0.0 if k == 0 or excess(tiny) < 0 else float(brentq(excess, tiny, seen))
    high = 1.0 if k == n or excess(1 - tiny) < 0 else float(brentq(excess, seen, 1 - tiny))
    return Interval(low, high, level)


def pair_evidence(wins: int, losses: int) -> float:
    """E-value that one of two policies is better, from episodes that only one of them solved.

    Under "neither is better" a differing episode falls to either side with probability 1/2. The
    value may be looked at after every episode; 1/alpha or more rejects with error alpha.
    """
    n = wins + losses
    log = special.betaln(PRIOR + wins, PRIOR + losses) - special.betaln(PRIOR, PRIOR)
    return float(math.exp(min(float(log) + n * math.log(2), 700.0)))


@dataclass(frozen=True)
class Duel:
    """Where a paired comparison of two policies stands."""

    wins: int
    """Episodes that only the first solved."""
    losses: int
    """Episodes that only the second solved."""
    both: int
    neither: int
    evidence: float
    """E-value against "neither is better"."""
    decision: Literal["first", "second", "open"]
    alpha: float

    @property
    def episodes(self) -> int:
        return self.wins + self.losses + self.both + self.neither


def duel(first: list[bool], second: list[bool], alpha: float = ALPHA) -> Duel:
    """Compare two policies on the same episodes, in order. May be called after each of them.

    Raises:
        ValueError: the two lists differ in length.
    """
    pairs = list(zip(first, second, strict=True))
    wins = sum(a and not b for a, b in pairs)
    losses = sum(b and not a for a, b in pairs)
    evidence = pair_evidence(wins, losses)
    decided: Literal["first", "second"] = "first" if wins > losses else "second"
    return Duel(
        wins=wins,
        losses=losses,
        both=sum(a and b for a, b in pairs),
        neither=sum(not a and not b for a, b in pairs),
        evidence=evidence,
        decision=decided if evidence >= 1 / alpha else "open",
        alpha=alpha,
    )


def lost_share(found: Duel) -> tuple[float, Interval]:
    """Share of the first's successes that the second loses, gains taken off, with an interval.

    Of k episodes that the first solved the second lost a share b, of the m others it solved a share
    g: the net share is b - g m / k, nan where k = 0. The interval holds at every number of episodes
    at once: the intervals of b and g (`rate_interval`) share the error `ALPHA` equally
    (Bonferroni), with k and m as they are.
    """
    k, m = found.both + found.wins, found.losses + found.neither
    if not k:
        return math.nan, Interval(-math.inf, 1.0, LEVEL)
    half = 1 - ALPHA / 2
    lost, gained = rate_interval(found.wins, k, half), rate_interval(found.losses, m, half)
    low, high = lost.low - gained.high * m / k, lost.high - gained.low * m / k
    return (found.wins - found.losses) / k, Interval(low, high, LEVEL)
