"""Made-up sweeps of a claim, and what is judged of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ilsweep.analysis.inference.hypotheses import Verdict, judge
from ilsweep.analysis.inference.search_space import domains_of
from ilsweep.analysis.metrics.lookup import Catalog
from ilsweep.analysis.records.model import TrialRecord
from tests.analysis.strategies import trial

METRIC = "eval/offline_eval/avg_l1"
SUCCESS = "eval/pc_success"


def grid(
    effect: float,
    *,
    levels: tuple[Any, ...] = (1.0, 5.0, 10.0),
    seeds: int = 3,
    noise: float = 0.1,
    others: tuple[float, ...] = (0.15, 1.0, 2.0),
    rng_seed: int = 0,
) -> list[TrialRecord]:
    """`tau` moves the metric by `effect` a level; `reg` and the seed move it much more."""
    rng = np.random.default_rng(rng_seed)
    luck = rng.normal(0, 2, seeds)
    return [
        trial(
            {METRIC: effect * i + 10 * reg + luck[seed] + noise * rng.normal()},
            id=f"{level}-{reg}-{seed}",
            config=f"{level}-{reg}",
            seed=seed,
            searched={"ot.tau": level, "ot.reg": reg},
        )
        for i, level in enumerate(levels)
        for reg in others
        for seed in range(seeds)
    ]


def verdict(
    records: list[TrialRecord], expect: str = "increase", space: dict[str, Any] | None = None
) -> Verdict:
    claim = {"claim": "c", "param": "ot.tau", "metric": METRIC, "expect": expect}
    spec = {"hypotheses": [claim], "space": space or {}}
    (found,) = judge(spec, records, domains_of(spec, [r.searched for r in records]), {}, Catalog())
    return found


def sweep(
    means: Any, noise: float = 5.0, seeds: int = 5, episodes: int | None = None, rng_seed: int = 0
) -> list[TrialRecord]:
    """`a` by `b` by seeds, around `means` (levels of a, levels of b)."""
    rng = np.random.default_rng(rng_seed)
    table = np.asarray(means, np.float64)[:, :, None] + noise * rng.normal(
        size=(*np.shape(means), seeds)
    )
    more = {} if episodes is None else {"eval/n_episodes": float(episodes)}
    return [
        trial(
            {SUCCESS: float(value), **more},
            id=f"c{i}-{j}-s{s}",
            config=f"c{i}-{j}",
            seed=s,
            searched={"a": float(i), "b": float(j)},
        )
        for (i, j, s), value in np.ndenumerate(table)
    ]


def of(
    records: list[TrialRecord], expect: str, sensitive: bool | None = None, **more: Any
) -> Verdict:
    claim = {"claim": "c", "param": "a", "metric": SUCCESS, "expect": expect, **more}
    (found,) = judge({"hypotheses": [claim]}, records, {}, {}, Catalog(), sensitive)
    return found


FLAT = np.full((3, 2), 50.0)
B_MATTERS = FLAT + [[-20.0, 20.0]] * 3
