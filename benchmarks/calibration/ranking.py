"""Promises about the ranking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.calibration.sweeps import (
    OBJECTIVE,
    SD,
    SUCCESS,
    Array,
    Promise,
    Rng,
    counts,
    curve,
    failing,
    ranked,
    sweep,
)
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.ranking.retraining import retraining
from ilsweep.analysis.records.confirm_log import ConfirmEpisodes


def separates(values: Array, episodes: int | None = None) -> bool:
    """Any two of them are called different."""
    found = ranked(values, episodes)
    return len(found.tied_with_best) < len(values) - 1 or any(
        pair.significant for pair in found.comparisons
    )


def _normal(k: int, seeds: int, sd: float | Array) -> Callable[[Rng], bool]:
    """`k` configurations of equal mean; `sd` is one standard deviation, or (k, 1)."""
    return lambda rng: separates(60 + sd * rng.normal(size=(k, seeds)))


def _counted(k: int, seeds: int, episodes: int, rate: float) -> Callable[[Rng], bool]:
    return lambda rng: separates(counts(rng, rate, episodes, k, seeds), episodes)


def equal_configurations() -> Iterator[Promise]:
    what = "equal configurations: any two separated"
    for k, seeds, n in ((4, 2, 500), (4, 10, 500), (12, 3, 500), (24, 3, 250), (24, 10, 150)):
        yield Promise(
            f"{what}, {k} of {seeds} seeds, normal", 0, 0.05, n,
            _normal(k, seeds, SD),
        )  # fmt: skip
    for k, seeds, episodes, rate in (
        (2, 2, 10, 0.9), (8, 2, 20, 0.9), (12, 2, 20, 0.5), (12, 3, 4, 0.5), (12, 3, 10, 0.9),
        (12, 4, 50, 0.7),
    ):  # fmt: skip
        yield Promise(
            f"{what}, {k} of {seeds} seeds, {episodes} episodes at {100 * rate:.0f} %",
            0, 0.05, 300,
            _counted(k, seeds, episodes, rate),
        )  # fmt: skip
    yield Promise(
        f"{what}, 12 of 3 seeds, skewed", 0, 0.05, 300,
        lambda rng: separates(10 * rng.exponential(size=(12, 3))),
    )  # fmt: skip
    yield Promise(
        f"{what}, 12 of 3 seeds, 15 % of seeds fail", 0, 0.05, 300,
        lambda rng: separates(failing(rng, 12, 3)),
    )  # fmt: skip
    deviations = np.where(np.arange(12) % 2, 3.0, 12.0)[:, None]
    for seeds, most in ((2, 0.12), (3, 0.08)):
        yield Promise(
            f"{what}, 12 of {seeds} seeds, standard deviations 3 and 12", 0, most, 300,
            _normal(12, seeds, deviations),
        )  # fmt: skip


def leader(by: float, k: int, seeds: int) -> Callable[[Rng], bool]:
    def alone(rng: Rng) -> bool:
        values = 50 + SD * rng.normal(size=(k, seeds))
        values[k // 2] += by
        return not ranked(values).tied_with_best

    return alone


def too_good(spread: float, *, shrunken: bool) -> Callable[[Rng], float]:
    """What is announced for the first of 12, less its truth, in points."""

    def excess(rng: Rng) -> float:
        truth = 50 + spread * rng.normal(size=12)
        found = ranked(truth[:, None] + SD * rng.normal(size=(12, 3)))
        first = place(found.rows[0].config_id)
        announced = found.expected if shrunken else found.rows[0].objective.value
        return float(announced - truth[first])

    return excess


def place(config_id: str) -> int:
    """The row of the table of values."""
    return int(config_id[1:3])


def over_first_tried(
    spread: float, k: int, seeds: int, told: Callable[[float, bool], float | None]
) -> Callable[[Rng], float | None]:
    """What is told of the probability that the first of the ranking beats the first one tried."""

    def case(rng: Rng) -> float | None:
        truth = 50 + spread * rng.normal(size=k)
        found = ranked(truth[:, None] + SD * rng.normal(size=(k, seeds)))
        if not found.baselines:
            return None  # it is the first one tried
        better = truth[place(found.rows[0].config_id)] > truth[0]
        return told(found.baselines[0].probability, bool(better))

    return case


def trained_again(rng: Rng) -> tuple[float, bool, bool]:
    """The first two of 12 equal configurations with three fresh seeds each.

    The first one's value less its truth; whether its interval covers the truth; whether one of the
    two is said to be better.
    """
    known = sweep(50 + SD * rng.normal(size=(12, 1, 3)))
    ranking = rank(known, OBJECTIVE, {})
    chosen = [row.config_id for row in ranking.rows[:2]]
    fresh = [
        replace(trial, seed=100 + (trial.seed or 0),
                curves={SUCCESS: curve(50 + SD * rng.normal())})
        for trial in known if trial.config_id in chosen
    ]  # fmt: skip
    found = retraining(fresh, ConfirmEpisodes(), ranking, known)
    assert found is not None
    first, bounds = found.rows[0].fresh, found.rows[0].fresh.interval
    assert bounds is not None
    return first.value - 50, 50 in bounds, any(pair.p < 0.05 for pair in found.comparisons)


def fresh_seeds() -> Iterator[Promise]:
    what = "the first of 12 equal ones with 3 fresh training seeds"
    yield Promise(f"{what}: value less truth, points", -1, 1, 400,
                  lambda rng: trained_again(rng)[0], points=True)  # fmt: skip
    yield Promise(f"{what}: its interval covers the truth", 0.95, 1, 400,
                  lambda rng: trained_again(rng)[1])  # fmt: skip
    yield Promise(f"{what}, and the second: one is said to be better", 0, 0.05, 400,
                  lambda rng: trained_again(rng)[2])  # fmt: skip


def probabilities() -> Iterator[Promise]:
    for spread, k, seeds in ((5.0, 4, 3), (5.0, 12, 3), (10.0, 12, 3), (10.0, 12, 2)):
        design = f"{k} of {seeds} seeds, spread {spread:.0f}"
        yield Promise(
            f"probability that the first beats the first tried, less how often it does; {design}",
            -10, 5, 400,
            over_first_tried(spread, k, seeds, lambda p, better: 100 * (p - better)), points=True,
        )  # fmt: skip
        yield Promise(
            f"it beats the first tried where that has more than 90 %; {design}", 0.9, 1, 400,
            over_first_tried(spread, k, seeds, lambda p, better: better if p > 0.9 else None),
        )  # fmt: skip
    yield Promise(
        "equal configurations: more than 95 % is told of the first; 12 of 3 seeds", 0, 0.05, 400,
        over_first_tried(0.0, 12, 3, lambda p, better: p > 0.95),
    )  # fmt: skip


def ranking_promises() -> Iterator[Promise]:
    yield from equal_configurations()
    yield Promise(
        "a leader by 30 points among 12 of 3 seeds stands alone", 0.5, 1, 200, leader(30, 12, 3)
    )
    yield Promise(
        "a leader by 20 points among 12 of 5 seeds stands alone", 0.4, 1, 200, leader(20, 12, 5)
    )
    for spread in (0.0, 5.0, 10.0):
        what = f"of the first of 12, less its truth, points; spread {spread:.0f}"
        yield Promise(
            f"what is expected {what}", -2, 2, 300, too_good(spread, shrunken=True), points=True
        )
        yield Promise(
            f"beside it, the value {what}", 0, 8, 300, too_good(spread, shrunken=False), points=True
        )
    yield from probabilities()
    yield from fresh_seeds()
