"""Made-up sweeps of known truth, and sweeps drawn from recorded trainings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.decision.record import TABLES
from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.records.files import read_json

Array = NDArray[np.float64]
Noise = Literal["normal", "skewed", "unequal"]

MOST = 60
"""Seeds of a uniform grid at most."""
TOLERANCE = 2.0
"""Points of success below the best that are no wrong choice."""
SHARED = 0.3
"""Share of the noise's variance that all configurations of a seed have in common."""


@dataclass(frozen=True)
class Draws:
    """Sweeps of one scenario: s sweeps, k configurations, `MOST` seeds."""

    truth: Array
    """(s, k)"""
    values: Array
    """What was measured, (s, k, MOST); larger is better."""
    tolerance: float
    episodes: int = 0
    """Of a success rate; 0 where the values are none."""


@dataclass(frozen=True)
class Scenario:
    """What is true, in points of success, and how it is measured."""

    name: str
    configurations: int
    sd: float
    """Between seeds of a configuration."""
    leads: float = 0.0
    """By so much the first is better than all others."""
    between: float = 0.0
    """Standard deviation between configurations; the ladder's whole height where it is one."""
    ladder: bool = False
    noise: Noise = "normal"
    failing: float = 0.0
    """Share of trainings that fail: no success."""
    episodes: int = 50

    def draw(self, rng: np.random.Generator, sweeps: int) -> Draws:
        k = self.configurations
        truth = self.between * rng.normal(size=(sweeps, k))
        if self.ladder:
            truth = np.tile(np.linspace(0, -self.between, k), (sweeps, 1))
        truth[:, 0] += self.leads
        shared = rng.normal(size=(sweeps, 1, MOST)) * SHARED**0.5
        own = self._noise(rng, (sweeps, k, MOST)) * (1 - SHARED) ** 0.5
        rate = np.clip(60 + truth[:, :, None] + self.sd * (shared + own), 0, 100) / 100
        rate[rng.random(rate.shape) < self.failing] = 0.0
        values = 100 * rng.binomial(self.episodes, rate) / self.episodes
        return Draws(truth, values, TOLERANCE, self.episodes)

    def _noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Mean 0; variance 1 on average over configurations."""
        if self.noise == "skewed":
            return np.asarray(1 - rng.exponential(size=shape))
        if self.noise == "unequal":  # 1 : 4
            deviations = rng.choice([0.343, 1.372], size=(*shape[:2], 1))
            return np.asarray(rng.normal(size=shape) * deviations)
        return rng.normal(size=shape)


@dataclass(frozen=True)
class Recorded:
    """Seeds drawn with replacement from those that were trained: all configurations' together."""

    name: str
    table: Array
    """(k, seeds); larger is better."""
    episodes: int = 0

    def draw(self, rng: np.random.Generator, sweeps: int) -> Draws:
        seeds = rng.integers(self.table.shape[1], size=(sweeps, MOST))
        values = self.table[:, seeds].transpose(1, 0, 2)
        truth = np.tile(self.table.mean(axis=1), (sweeps, 1))
        noise = float(np.median(self.table.std(axis=1, ddof=1)))
        tolerance = TOLERANCE if self.episodes else noise / 4
        return Draws(truth, values, tolerance, self.episodes)


def scenarios() -> Iterator[Scenario | Recorded]:
    """All of them."""
    for k in (4, 8, 12, 24):
        for sd in (5.0, 10.0):
            head = f"{k} configurations, noise {sd:g}"
            for lead in (5.0, 10.0, 20.0):
                yield Scenario(f"{head}, one leads by {lead:g}", k, sd, leads=lead)
            for between in (5.0, 10.0):
                yield Scenario(f"{head}, standard deviation {between:g}", k, sd, between=between)
    for sd in (5.0, 10.0):
        yield Scenario(f"2 configurations, noise {sd:g}, one leads by 10", 2, sd, leads=10)
    yield Scenario("16 configurations, noise 7, a ladder of 20", 16, 7, between=20, ladder=True)
    for k in (12, 24):
        name = f"{k} configurations, noise 7, standard deviation 10, 15 % of trainings fail"
        yield Scenario(name, k, 7, between=10, failing=0.15)
    for episodes in (10, 20, 200):
        name = f"12 configurations, noise 7, standard deviation 10, {episodes} episodes"
        yield Scenario(name, 12, 7, between=10, episodes=episodes)
    kinds: tuple[Noise, ...] = ("skewed", "unequal")
    for kind in kinds:
        name = f"12 configurations, {kind} noise 7, standard deviation 10"
        yield Scenario(name, 12, 7, between=10, noise=kind)
    yield from recorded()


def recorded() -> Iterator[Recorded]:
    """The trainings of `benchmarks.decision.record`, by each of their metrics."""
    for path in sorted(TABLES.glob("*.json")):
        table = read_json(path)
        for metric, rows in table["values"].items():
            values, success = np.array(rows), metric == SUCCESS
            name = f"{len(values)} recorded configurations of {path.stem}, {metric}"
            yield Recorded(name, values if success else -values, table["episodes"] * success)
