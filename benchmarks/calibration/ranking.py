"""Promises about the ranking."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.calibration.sweeps import SD, Array, Promise, Rng, counts, failing, ranked


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
        first = int(found.rows[0].config_id[1:].split("-")[0])
        announced = found.expected if shrunken else found.rows[0].objective.value
        return float(announced - truth[first])

    return excess


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
