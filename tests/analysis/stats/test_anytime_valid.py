"""The sequential test of `ilsweep confirm`: its error rate and its length, against theory.

A duel is a walk of wins and losses that ends where `pair_evidence` reaches 1/alpha. Two theories
say what it does: the exact distribution of that walk, step by step, and Wald's identity for its
mean length (Wald 1945), with the regret of the Jeffreys mixture (Krichevsky & Trofimov 1981).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.ranking.confirmation import confirmation
from ilsweep.analysis.ranking.model import Ranking
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.records.confirm_log import ConfirmEpisodes
from ilsweep.analysis.stats.anytime_valid import pair_evidence, rate_interval
from ilsweep.analysis.stats.levels import ALPHA
from tests.analysis.strategies import trial

MOST = 600
"""Differing episodes after which a walk is given up."""


@cache
def fewest_wins(alpha: float) -> NDArray[np.int64]:
    """(MOST + 1,): of n differing episodes, the wins from which on a duel is decided."""
    bounds = np.full(MOST + 1, MOST + 1)
    for n in range(1, MOST + 1):
        wins = bounds[n - 1] if n > 1 and bounds[n - 1] <= MOST else n  # never falls with n
        while wins <= n and pair_evidence(int(wins), int(n - wins)) < 1 / alpha:
            wins += 1
        bounds[n] = wins if wins <= n else MOST + 1
    return bounds


def exact(p: float, alpha: float) -> tuple[float, float, float]:
    """(first wins, second wins, mean number of differing episodes up to `MOST`), step by step.

    `p` is the chance that a differing episode falls to the first.
    """
    bounds = fewest_wins(alpha)
    at = np.zeros(MOST + 2)  # at[w]: chance of an open walk with w wins
    at[0] = 1.0
    first = second = mean = 0.0
    for n in range(1, MOST + 1):
        mean += float(at.sum())
        at[1:] = (1 - p) * at[1:] + p * at[:-1]
        at[0] *= 1 - p
        wins = np.arange(MOST + 2)
        won, lost = wins >= bounds[n], n - wins >= bounds[n]
        lost &= wins <= n
        first, second = first + float(at[won].sum()), second + float(at[lost].sum())
        at[won | lost] = 0.0
    return first, second, mean


def walks(p: float, alpha: float, count: int, every: int = 1) -> tuple[float, float, float]:
    """The same by simulation, looked at after every `every` differing episodes."""
    rng = np.random.default_rng(0)
    wins = np.cumsum(rng.random((count, MOST)) < p, axis=1)
    n = np.arange(1, MOST + 1)
    bounds = fewest_wins(alpha)[1:]
    looks = n % every == 0
    won, lost = (wins >= bounds) & looks, (n - wins >= bounds) & looks
    over = won | lost
    ended = over.any(axis=1)
    at = np.where(ended, over.argmax(axis=1), MOST - 1)
    first = won[np.arange(count), at]
    return float(first.mean()), float((ended & ~first).mean()), float((at + 1).mean())


def wald(p: float, alpha: float) -> float:
    """Mean length: n KL(p, 1/2) less the mixture's regret reaches log(1/alpha), overshoot left out.

    The regret is log(n pi / 2) / 2, less the 1/2 by which the likelihood at its maximum exceeds
    that at p in the mean.
    """
    drift = p * math.log(2 * p) + (1 - p) * math.log(2 * (1 - p))
    n = math.log(1 / alpha) / drift
    for _ in range(50):
        n = (math.log(1 / alpha) + 0.5 * math.log(n * math.pi / 2) - 0.5) / drift
    return n


def test_the_bound_is_where_the_evidence_reaches_it() -> None:
    bounds = fewest_wins(ALPHA)
    for n in (8, 30, 200):
        wins = int(bounds[n])
        assert pair_evidence(wins, n - wins) >= 1 / ALPHA > pair_evidence(wins - 1, n - wins + 1)


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 3, 0.05 / 10])
def test_equal_policies_are_told_apart_as_rarely_as_stated(alpha: float) -> None:
    """However often it is looked at: Ville's bound holds exactly, and the simulation agrees."""
    first, second, _ = exact(0.5, alpha)
    assert first == pytest.approx(second)
    assert first + second <= alpha
    assert first + second > 0.3 * alpha  # not so careful that it could not decide
    seen = sum(walks(0.5, alpha, 20_000)[:2])
    assert seen == pytest.approx(first + second, abs=4 * math.sqrt(alpha / 20_000))
    in_rounds = sum(walks(0.5, alpha, 20_000, every=10)[:2])
    assert in_rounds <= seen


@pytest.mark.slow
def test_the_worse_policy_wins_more_rarely_still() -> None:
    for p in (0.45, 0.35):
        first, second, _ = exact(p, ALPHA)
        assert first <= ALPHA / 2
        assert second > first


@pytest.mark.slow
@pytest.mark.parametrize("p", [0.7, 0.8, 0.9])
def test_the_mean_number_of_episodes_is_what_theory_says(p: float) -> None:
    first, _, mean = exact(p, ALPHA)
    assert first > 0.98
    won, _, length = walks(p, ALPHA, 4000)
    spread = math.sqrt(first * (1 - first) / 4000)
    assert won == pytest.approx(first, abs=4 * spread + 1e-3)
    assert length == pytest.approx(mean, rel=0.05)
    assert mean == pytest.approx(wald(p, ALPHA), rel=0.2)  # the overshoot is a whole episode
    fixed = _fixed_length(p)
    assert mean < 1.6 * fixed  # the price of looking at every episode


def _fixed_length(p: float) -> int:
    """Differing episodes of an exact sign test, looked at once, with 90 % power."""
    for n in range(5, MOST):
        wins = int(stats.binom.isf(ALPHA / 2, n, 0.5)) + 1
        if stats.binom.sf(wins - 1, n, p) >= 0.9:
            return n
    raise AssertionError("none is long enough")


@pytest.mark.slow
def test_an_interval_of_a_rate_holds_at_every_look() -> None:
    rng = np.random.default_rng(0)
    look = cache(rate_interval)
    for rate in (0.05, 0.5, 0.9):
        sums = np.cumsum(rng.random((400, 300)) < rate, axis=1)
        missed = sum(any(rate not in look(int(k), n) for n, k in enumerate(run, 1)) for run in sums)
        assert missed / 400 <= ALPHA + 2 * math.sqrt(ALPHA / 400)


@cache
def ranked(count: int) -> Ranking:
    metric = Objective("eval/pc_success", "max").metric
    trials = [trial({metric: 50.0}, id=f"c{i}-s0", config=f"c{i}") for i in range(count)]
    return rank(trials, {"objective": {"metric": metric, "mode": "max"}}, {})


def decided(rates: list[float], rng: np.random.Generator, rounds: int = 12) -> frozenset[str]:
    """Rounds of ten episodes, as `ilsweep confirm` makes them: whoever is beaten stops."""
    solved = {f"c{i}": rng.random(10 * rounds) < rate for i, rate in enumerate(rates)}
    tried = dict.fromkeys(solved, 0)
    beaten: frozenset[str] = frozenset()
    for turn in range(1, rounds + 1):
        tried = {name: n if name in beaten else 10 * turn for name, n in tried.items()}
        episodes = {c: dict(enumerate(map(bool, solved[c][:n]))) for c, n in tried.items()}
        found = confirmation(ConfirmEpisodes(episodes), ranked(len(rates)))
        assert found is not None
        beaten = found.beaten
        if len(found.standing) == 1:
            break
    return beaten


@pytest.mark.slow
def test_one_error_rate_holds_over_all_duels_and_looks() -> None:
    rng = np.random.default_rng(0)
    runs = 300
    wrong = sum(bool(decided([0.5] * 4, rng)) for _ in range(runs))
    assert wrong / runs <= ALPHA + 2 * math.sqrt(ALPHA / runs)
    best = [decided([0.9, 0.5, 0.4], rng) for _ in range(60)]
    assert sum(beaten == {"c1", "c2"} for beaten in best) >= 57
    assert not any("c0" in beaten for beaten in best)
