"""Made-up sweeps of known truth, and what the analysis says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ilsweep.analysis.inference.hypotheses import judge
from ilsweep.analysis.metrics.lookup import Catalog
from ilsweep.analysis.ranking.model import Ranking
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.verdicts.claims import Verdict

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


def curve(value: float) -> Curve:
    return Curve(AT, np.array([value]))


def record(
    config: str, seed: int, searched: dict[str, float], metrics: dict[str, float]
) -> TrialRecord:
    curves = {name: curve(value) for name, value in metrics.items()}
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
        record(f"c{i:02d}{j:02d}", s, {"a": float(i), "b": float(j)}, {SUCCESS: float(v), **more})
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
