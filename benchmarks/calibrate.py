"""Does the analysis keep its promises? `python -m benchmarks.calibrate [SHARE]` (`make calibrate`).

Made-up sweeps whose truth is known go through the real ranking and the real verdicts. Each line is
a promise (`docs/promises.md`), the rate that was seen with its 95 % interval (Clopper-Pearson; of a
mean, normal), and whether the interval is compatible with the promise. Exit status 1 where one is
not. SHARE (1) scales the number of sweeps.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ilsweep.analysis.inference.hypotheses import judge
from ilsweep.analysis.metrics.lookup import Catalog
from ilsweep.analysis.ranking.model import Ranking
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.anytime_valid import duel
from ilsweep.analysis.stats.intervals_and_tests import clopper_pearson
from ilsweep.analysis.verdicts import Verdict

Array = NDArray[np.float64]
Rng = np.random.Generator

SUCCESS = "eval/pc_success"
OBJECTIVE = {"objective": {"metric": SUCCESS, "mode": "max"}}
CATALOG = Catalog()
SD = 7.0
"""Of a policy's success between training seeds, points."""
AT = np.array([1])


@dataclass(frozen=True)
class Promise:
    """One line of the table."""

    what: str
    least: float
    most: float
    """The rate lies between these."""
    sweeps: int
    case: Callable[[Rng], float | None]
    """One sweep: whether it counts, or a number of points; None where it says nothing about this
    promise."""
    points: bool = False
    """A mean in points, not a rate."""


# ---- sweeps


def record(
    config: str, seed: int, searched: dict[str, float], metrics: dict[str, float]
) -> TrialRecord:
    curves = {name: Curve(AT, np.array([value])) for name, value in metrics.items()}
    return TrialRecord(
        f"{config}-s{seed}",
        config,
        seed,
        dict(searched),
        searched,
        "completed",
        steps=1,
        curves=curves,
    )


def sweep(values: Array, episodes: int | None = None) -> list[TrialRecord]:
    """Trials of a grid: success in percent, (levels of a, levels of b, seeds)."""
    more = {} if episodes is None else {"eval/n_episodes": float(episodes)}
    return [
        record(f"c{i}-{j}", s, {"a": float(i), "b": float(j)}, {SUCCESS: float(v), **more})
        for (i, j, s), v in np.ndenumerate(values)
    ]


def ranked(values: Array, episodes: int | None = None) -> Ranking:
    """The ranking of configurations, (configurations, seeds)."""
    return rank(sweep(values[:, None, :], episodes), OBJECTIVE, {})


def verdict(
    trials: list[TrialRecord],
    expect: str,
    smallest: float | None = None,
    sensitive: bool | None = None,
    looks: int = 0,
) -> Verdict:
    claim = {"param": "a", "metric": SUCCESS, "expect": expect, "looks": looks}
    if smallest is not None:
        claim["smallest_effect"] = smallest
    return judge({"hypotheses": [claim]}, trials, {}, {}, CATALOG, sensitive)[0]


def counts(rng: Rng, rate: float, episodes: int, *shape: int) -> Array:
    return 100.0 * rng.binomial(episodes, rate, shape) / episodes


def failing(rng: Rng, *shape: int) -> Array:
    return (60 + SD * rng.normal(size=shape)) * (rng.random(shape) > 0.15)


# ---- the ranking


def separates(values: Array, episodes: int | None = None) -> bool:
    """Any two of them are called different."""
    found = ranked(values, episodes)
    return len(found.tied_with_best) < len(values) - 1 or any(
        pair.significant for pair in found.comparisons
    )


def equal_configurations() -> Iterator[Promise]:
    what = "equal configurations: any two separated"
    for k, seeds, n in ((4, 2, 500), (4, 10, 500), (12, 3, 500), (24, 3, 250), (24, 10, 150)):
        yield Promise(
            f"{what}, {k} of {seeds} seeds, normal", 0, 0.05, n,
            lambda rng, k=k, s=seeds: separates(60 + SD * rng.normal(size=(k, s))),
        )  # fmt: skip
    for k, seeds, episodes, rate in (
        (2, 2, 10, 0.9), (8, 2, 20, 0.9), (12, 2, 20, 0.5), (12, 3, 4, 0.5), (12, 3, 10, 0.9),
        (12, 4, 50, 0.7),
    ):  # fmt: skip
        yield Promise(
            f"{what}, {k} of {seeds} seeds, {episodes} episodes at {100 * rate:.0f} %",
            0, 0.05, 300,
            lambda rng, k=k, s=seeds, m=episodes, r=rate: separates(counts(rng, r, m, k, s), m),
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
            lambda rng, s=seeds: separates(60 + deviations * rng.normal(size=(12, s))),
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
        "a leader by 30 points among 12 of 3 seeds stands alone", 0.6, 1, 200, leader(30, 12, 3)
    )
    yield Promise(
        "a leader by 20 points among 12 of 5 seeds stands alone", 0.5, 1, 200, leader(20, 12, 5)
    )
    for spread in (0.0, 5.0, 10.0):
        what = f"of the first of 12, less its truth, points; spread {spread:.0f}"
        yield Promise(
            f"what is expected {what}", -1.5, 1.5, 300, too_good(spread, shrunken=True), points=True
        )
        yield Promise(
            f"beside it, the value {what}", 0, 8, 300, too_good(spread, shrunken=False), points=True
        )


# ---- verdicts


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
    """Success so rare that nothing can be said; controls passed, whatever is claimed."""
    rate = float(rng.choice([0.001, 0.005, 0.01, 0.02]))
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


# ---- fresh episodes


def duels(rng: Rng) -> bool:
    """Three policies of one success rate, looked at every ten episodes, 500 in all."""
    won = rng.random((3, 500)) < 0.7
    return any(
        duel(list(won[i, :n]), list(won[j, :n]), 0.05 / 3).decision != "open"
        for i, j in ((0, 1), (0, 2), (1, 2))
        for n in range(10, 501, 10)
    )


def promises() -> Iterator[Promise]:
    yield from ranking_promises()
    yield from verdict_promises()
    yield Promise("equal policies: any of three decided by fresh episodes", 0, 0.05, 150, duels)


def estimate(promise: Promise, told: list[float]) -> tuple[float, float, float]:
    """What was seen, and its interval."""
    if not promise.points:
        seen = clopper_pearson(round(sum(told)), len(told))
        return sum(told) / max(len(told), 1), seen.low, seen.high
    middle, error = float(np.mean(told)), float(np.std(told)) / len(told) ** 0.5
    return middle, middle - 1.96 * error, middle + 1.96 * error


def line(promise: Promise, seed: int, share: float) -> tuple[str, bool]:
    """The promise's line of the table, and whether it is kept."""
    rng = np.random.default_rng(seed)
    sweeps = max(20, round(share * promise.sweeps))
    told = [
        float(found) for found in (promise.case(rng) for _ in range(sweeps)) if found is not None
    ]
    seen, low, high = estimate(promise, told)
    kept = low <= promise.most and high >= promise.least
    scale = 1 if promise.points else 100
    least, most = scale * promise.least, scale * promise.most
    if promise.points or (least and most < 100):
        bounds = f"{least:g} to {most:g}"
    else:
        bounds = f"at least {least:g}" if least else f"at most {most:g}"
    interval = f"{scale * seen:.1f} [{scale * low:.1f}, {scale * high:.1f}]"
    word = "kept" if kept else "BROKEN"
    return f"| {promise.what} | {bounds} | {interval} | {len(told)} | {word} |", kept


def main(share: float) -> int:
    began, broken = time.monotonic(), 0
    print("| promise | % or points | seen [95 %] | sweeps | |\n|---|---|---|---|---|")
    for seed, promise in enumerate(promises()):
        text, kept = line(promise, seed, share)
        broken += not kept
        print(text, flush=True)
    print(f"\n{broken} broken; {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
