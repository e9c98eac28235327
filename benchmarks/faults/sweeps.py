"""Findings about a sweep, on made-up sweeps whose truth is known.

Trials are numbers here: an objective that depends on `x` as each case says, plus what the seed
adds. Ranked and judged by the same functions as a real sweep.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.faults.case import MADE_UP_SWEEPS
from benchmarks.faults.look import LIMITS, Look, short
from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.findings.sweep_level import edge_of_space, seed_noise
from ilsweep.analysis.inference.importance import edges
from ilsweep.analysis.inference.search_space import domains_of
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.model import TrialRecord

FINDINGS = ("edge_of_space", "seed_noise")
METRIC = "eval/offline_eval/avg_l1"
DRAWS = 100
"""Sweeps of each kind."""

Values = Callable[[np.random.Generator], Sequence[float]]


@dataclass(frozen=True)
class MadeUp:
    """A kind of sweep over `x`."""

    name: str
    about: str
    finding: str
    planted: bool
    space: Mapping[str, list[float]]
    """Of `x`, as a spec has it."""
    values: Values
    """The configurations that were tried."""
    best_x: float
    """Where the objective (x - best_x)^2 is least."""
    seed_sd: float
    """What seeds add to it."""
    seeds: int = 3


def _uniform(n: int) -> Values:
    return lambda rng: list(rng.uniform(0, 1, n))


def _listed(*values: float) -> Values:
    return lambda rng: values


UNIT = {"uniform": [0.0, 1.0]}
LIST = [0.0, 0.25, 0.5, 0.75, 1.0]

KINDS: tuple[MadeUp, ...] = (
    MadeUp(
        "sweep-best-beyond", "Twenty random values; the best lies beyond the border.",
        "edge_of_space", True, UNIT, _uniform(20), 1.3, 0.02,
    ),
    MadeUp(
        "sweep-best-beyond-list", "A list of five values; the best lies beyond its end.",
        "edge_of_space", True, {"choice": LIST}, _listed(*LIST), -0.3, 0.02,
    ),
    MadeUp(
        "sweep-best-inside", "Twenty random values; the best lies in the middle.",
        "edge_of_space", False, UNIT, _uniform(20), 0.5, 0.02,
    ),
    MadeUp(
        "sweep-best-inside-list", "A list of five values; the best lies in the middle.",
        "edge_of_space", False, {"choice": LIST}, _listed(*LIST), 0.5, 0.02,
    ),
    MadeUp(
        "sweep-seeds-differ", "Seeds differ three times as much as configurations.",
        "seed_noise", True, UNIT, _uniform(10), 0.5, 0.22,
    ),
    MadeUp(
        "sweep-seeds-agree", "Seeds differ a third as much as configurations.",
        "seed_noise", False, UNIT, _uniform(10), 0.5, 0.025,
    ),
)  # fmt: skip


def looks(draws: int = DRAWS) -> Iterator[Look]:
    """What the findings say of `draws` sweeps of each kind."""
    for kind in KINDS:
        for seed in range(draws):
            found, told = _judged(kind, seed)
            planted, cried = kind.planted, found is not None
            yield Look(kind.finding, kind.name, MADE_UP_SWEEPS, seed, planted, cried, told)


def _judged(kind: MadeUp, seed: int) -> tuple[Finding | None, dict[str, Any]]:
    """The finding, if there is one, and what it went by."""
    rng = np.random.default_rng((seed, len(kind.name)))
    trials = _trials(kind, rng)
    spec = {"space": {"x": kind.space}, "objective": {"metric": METRIC, "mode": "min"}}
    ranking = rank(trials, spec, {})
    if kind.finding == "seed_noise":
        noise = seed_noise(ranking, LIMITS)
        told = noise or seed_noise(ranking, {"seed_noise.share": -math.inf})
        return noise, short(told.evidence) if told else {}
    domains = domains_of(spec, [row.searched for row in ranking.rows])
    found = edge_of_space(edges(ranking, domains, LIMITS))
    best = ranking.best
    return (found[0] if found else None), short(best.searched if best else {})


def _trials(kind: MadeUp, rng: np.random.Generator) -> list[TrialRecord]:
    steps = np.array([100], np.int64)
    return [
        TrialRecord(
            id=f"c{i}-s{seed}",
            config_id=f"c{i}",
            seed=seed,
            params={"x": float(x)},
            searched={"x": float(x)},
            state="completed",
            steps=100,
            curves={METRIC: Curve(steps, np.array([_objective(kind, x, rng)]))},
        )
        for i, x in enumerate(kind.values(rng))
        for seed in range(kind.seeds)
    ]


def _objective(kind: MadeUp, x: float, rng: np.random.Generator) -> float:
    return float((x - kind.best_x) ** 2 + kind.seed_sd * rng.standard_normal())
