"""Promises about the verdicts on claims, and about fresh episodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.calibration.sweeps import (
    SD,
    SUCCESS,
    Array,
    Promise,
    Rng,
    counts,
    failing,
    record,
    sweep,
    verdict,
)
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.anytime_valid import duel
from ilsweep.analysis.verdicts.claims import Verdict


def decided(found: Verdict) -> bool:
    return found.judgement in ("supported", "refuted", "absent")


def null(draw: Callable[[Rng], Array], expect: str) -> Callable[[Rng], bool]:
    return lambda rng: verdict(sweep(draw(rng)), expect).judgement in ("supported", "refuted")


NULLS: dict[str, Callable[[Rng], Array]] = {
    "4x3x3 normal": lambda rng: 50 + SD * rng.normal(size=(4, 3, 3)),
    "4x3x5 heavy tails (t 1.5)": lambda rng: 50 + rng.standard_t(1.5, size=(4, 3, 5)),
    "4x3x3 seed effects of 3 SD": lambda rng: (
        50 + rng.normal(size=(4, 3, 3)) + 3 * rng.normal(size=3)
    ),
    "4x1x3 noise shared by 6 inert settings": lambda rng: (
        50 + SD * np.repeat(rng.normal(size=(4, 1, 3)), 6, 1) + 0.01 * rng.normal(size=(4, 6, 3))
    ),
    "4x3x3 half of the variance shared": lambda rng: (
        50 + rng.normal(size=(4, 1, 3)) + rng.normal(size=(4, 3, 3))
    ),
    "2x2x3 normal": lambda rng: 50 + SD * rng.normal(size=(2, 2, 3)),
    "4x3x3, 15 % of seeds fail": lambda rng: failing(rng, 4, 3, 3),
    "3x3x2, 20 episodes at 50 %": lambda rng: counts(rng, 0.5, 20, 3, 3, 2),
}


def random_search(rng: Rng, effect: float = 0.0) -> list[TrialRecord]:
    """18 configurations of one seed, `a` uniform."""
    a, noise = rng.random(18), rng.normal(0, SD, 18)
    return [
        record(
            f"c{i}", 0, {"a": float(a[i]), "b": float(i)}, {SUCCESS: 50 + effect * a[i] + noise[i]}
        )
        for i in range(18)
    ]


def copies(rng: Rng) -> list[TrialRecord]:
    """12 draws from 2 x 2 points with one seed each: at most four different trainings."""
    truth = 50 + SD * rng.normal(size=(2, 2))
    points = rng.integers(0, 2, (12, 2))
    return [
        record(f"c{n}", 0, {"a": float(i), "b": float(j)}, {SUCCESS: float(truth[i, j])})
        for n, (i, j) in enumerate(points)
    ]


def arch(rng: Rng) -> Array:
    inside = np.array([60.0, 80, 80, 60])[:, None, None]
    return np.asarray(inside + 5 * rng.normal(size=(4, 3, 5)))


def chain(stages: int) -> Callable[[Rng], bool]:
    """The claim is looked at stage after stage until it is decided; nothing is there."""

    def ever(rng: Rng) -> bool:
        draws = (50 + SD * rng.normal(size=(4, 3, 3)) for _ in range(stages))
        return any(
            verdict(sweep(values), "increase", looks=looks).judgement in ("supported", "refuted")
            for looks, values in enumerate(draws)
        )

    return ever


def at_the_floor(rng: Rng) -> bool:
    """At most one success in a hundred episodes, or at most one failure; controls passed."""
    rate = float(rng.choice([0.001, 0.002, 0.005, 0.01]))
    rate = 1 - rate if rng.random() < 0.3 else rate
    values = counts(rng, rate, 20, 3, 2, 3)
    expect = ("increase", "decrease", "no_effect")[rng.integers(3)]
    return decided(verdict(sweep(values, 20), expect, sensitive=True))


def effect_sweep(rng: Rng, effect: float, seeds: int, levels: int = 3, others: int = 3) -> Array:
    """A rise of `effect` from the first to the last level, half of the noise shared by settings."""
    noise = rng.normal(size=(levels, 1, seeds)) + rng.normal(size=(levels, others, seeds))
    rise = effect * np.arange(levels) / (levels - 1)
    return np.asarray(50 + rise[:, None, None] + SD * np.sqrt(0.5) * noise)


def named_seeds_decide(smallest: float) -> Callable[[Rng], bool | None]:
    """An undecided sweep that names N seeds, with the seeds added; the truth is nothing or the
    smallest effect, either as often."""

    def later(rng: Rng) -> bool | None:
        whole = effect_sweep(rng, smallest * float(rng.integers(2)), 200)
        first = verdict(sweep(whole[:, :, :3]), "increase", smallest, True)
        if first.judgement != "undecided" or first.seeds_needed is None:
            return None
        return decided(
            verdict(sweep(whole[:, :, : first.seeds_needed]), "increase", smallest, True)
        )

    return later


def verdict_promises() -> Iterator[Promise]:
    for name, draw in NULLS.items():
        for expect in ("increase", "no_effect"):
            yield Promise(
                f"nothing there: decided, {expect}, {name}", 0, 0.05, 500, null(draw, expect)
            )
    yield Promise(
        "nothing there: decided, random search of 18", 0, 0.05, 500,
        lambda rng: decided(verdict(random_search(rng), "increase")),
    )  # fmt: skip
    yield Promise(
        "nothing there: decided, copies of four trainings", 0, 0.05, 500,
        lambda rng: decided(verdict(copies(rng), "increase")),
    )  # fmt: skip
    for stages in (3, 5):
        yield Promise(f"nothing there: decided within {stages} stages", 0, 0.05, 300, chain(stages))
    yield Promise("floor or ceiling: anything concluded", 0, 0, 10_000, at_the_floor)
    yield Promise(
        "an effect of the smallest size is called absent", 0, 0.05, 500,
        lambda rng: verdict(
            sweep(effect_sweep(rng, 10, 6)), "no_effect", 10, True
        ).judgement == "absent",
    )  # fmt: skip
    yield Promise(
        "an inverted U of 20 points is called absent or a trend", 0, 0.05, 300,
        lambda rng: verdict(sweep(arch(rng)), "increase", 10, True).judgement
        in ("supported", "absent"),
    )  # fmt: skip
    yield Promise(
        "an inverted U of 20 points is seen as one (4x3x5)", 0.9, 1, 300,
        lambda rng: verdict(sweep(arch(rng)), "no_effect", 10, True).reason == "inside",
    )  # fmt: skip
    yield Promise(
        "a rise of 20 points is supported (4x3x3)", 0.8, 1, 300,
        lambda rng: verdict(
            sweep(effect_sweep(rng, 20, 3, 4)), "increase"
        ).judgement == "supported",
    )  # fmt: skip
    yield Promise(
        "a rise of 30 points is supported (random search of 18)", 0.8, 1, 300,
        lambda rng: verdict(random_search(rng, 30), "increase").judgement == "supported",
    )  # fmt: skip
    for smallest in (5.0, 10.0):
        yield Promise(
            f"undecided: decided with the seeds named, smallest effect {smallest:.0f}",
            0.7, 0.9, 150,
            named_seeds_decide(smallest),
        )  # fmt: skip


def duels(rng: Rng) -> bool:
    """Three policies of one success rate, looked at every ten episodes, 500 in all."""
    won = rng.random((3, 500)) < 0.7
    return any(
        duel(list(won[i, :n]), list(won[j, :n]), 0.05 / 3).decision != "open"
        for i, j in ((0, 1), (0, 2), (1, 2))
        for n in range(10, 501, 10)
    )
