"""Records for tests: made by hand, and generated with everything that can be wrong with them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from ilsweep.analysis.load.sweep import Sweep
from ilsweep.analysis.metrics.catalog import METRICS
from ilsweep.analysis.metrics.objectives import LOSSES
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.model import State, TrialRecord
from ilsweep.analysis.records.paths import SweepPaths

Points = float | Sequence[float] | NDArray[Any]


def curve(values: Points, every: int = 50) -> Curve:
    """One value, or a curve with a report every 50 steps."""
    array = np.atleast_1d(np.asarray(values, np.float64))
    array = np.where(np.isfinite(array), array, math.nan)
    return Curve(every * np.arange(1, len(array) + 1), array)


def trial(
    metrics: Mapping[str, Points] | None = None,
    *,
    id: str = "t0",
    config: str = "c0",
    seed: int | None = 0,
    params: Mapping[str, Any] | None = None,
    searched: Mapping[str, Any] | None = None,
    state: State = "completed",
    error: str = "",
    history: list[dict[str, Any]] | None = None,
) -> TrialRecord:
    """A trial that logged `metrics`; `searched` is part of its `params`."""
    curves = {name: curve(values) for name, values in (metrics or {}).items()}
    steps = max((int(c.steps[-1]) for c in curves.values() if len(c)), default=0)
    return TrialRecord(
        id=id,
        config_id=config,
        seed=seed,
        params={**(params or {}), **(searched or {})},
        searched=dict(searched or {}),
        state=state,
        error=error,
        steps=steps,
        curves=curves,
        history=history or [],
    )


def sweep(trials: Sequence[TrialRecord], spec: Mapping[str, Any] | None = None) -> Sweep:
    return Sweep(SweepPaths(Path("nowhere")), dict(spec or {}), {}, list(trials))


def falling(
    start: float, end: float, n: int = 60, noise: float = 0.01, seed: int = 0
) -> list[float]:
    """An exponential fall that has levelled out by the end, with relative noise."""
    rng = np.random.default_rng(seed)
    level = end + (start - end) * np.exp(-8 * np.arange(n) / n)
    return list(level * (1 + noise * rng.normal(size=n)))


# ---- generated

NAMES = sorted(
    {metric.name.replace("*", "x") for metric in METRICS}
    | set(LOSSES)
    | {"eval/episode/7", "train/ot_cost/label", "probe/group_std/position", "a|b\n[c](d)"}
)

wild_numbers = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from(
    [0.0, -0.0, 1e-320, 1e308, -1e308, 1.0, 0.5, 100.0]
)

values = st.lists(wild_numbers, min_size=1, max_size=30)

params = st.dictionaries(
    st.sampled_from(
        ["kl_weight", "lr", "lr_backbone", "batch_size", "batch_fraction", "ot.reg", "ot.tau",
         "ot.lambda_ot", "ot.heuristic", "ot.weight_label", "ot.weight_embed", "position_scale",
         "image_norm", "image_norm_eval", "rollouts", "x|y\n"]
    ),
    st.none() | st.booleans() | st.integers() | wild_numbers | st.text(max_size=5)
    | st.lists(st.integers(), max_size=2),
    max_size=6,
)  # fmt: skip


@st.composite
def trials(draw: st.DrawFn, index: int = 0) -> TrialRecord:
    """A record with any metrics, parameters and state that a folder may hold."""
    metrics = draw(st.dictionaries(st.sampled_from(NAMES), values, max_size=8))
    everything = draw(params)
    chosen = draw(st.sets(st.sampled_from(sorted(everything) or ["none"]), max_size=3))
    return trial(
        metrics,
        id=f"t{index}",
        config=draw(st.sampled_from(["c0", "c1", "c2"])),
        seed=draw(st.none() | st.integers(0, 2)),
        params=everything,
        searched={name: everything[name] for name in chosen if name in everything},
        state=draw(st.sampled_from(["pending", "running", "completed", "stopped", "failed"])),
        error=draw(st.text(max_size=10) | st.just("loss is not finite")),
        history=draw(st.just([]) | st.just([{"step": 1}])),
    )


specs = st.fixed_dictionaries(
    {},
    optional={
        "objective": st.sampled_from(
            [
                None,
                "train/loss",
                {"metric": "train/loss", "mode": "min"},
                {"metric": "train/loss", "mode": "sideways"},
                [
                    {"metric": "train/loss", "mode": "min"},
                    {"metric": "eval/pc_success", "mode": "max"},
                ],
            ]
        ),
        "space": st.sampled_from(
            [
                None,
                {},
                {"lr": {"loguniform": [1e-5, 1e-2]}, "kl_weight": {"choice": [0.1, "x", None]}},
                {"lr": {"loguniform": ["a", 2]}, "ot.reg": 3, "ot.tau": {"randint": [1, 9]}},
            ]
        ),
        "hypotheses": st.sampled_from(
            [
                None,
                "no list",
                [{}, 3],
                [
                    {"claim": "c", "param": "lr", "metric": "train/loss", "expect": "decrease"},
                    {"param": "ot.reg", "metric": "gone", "expect": "no_effect"},
                ],
            ]
        ),
        "thresholds": st.sampled_from([None, 3, {"plateau.gain": 0.2, "nonsense": 1}]),
        "seeds": st.sampled_from([None, [0], [0, 1, 2]]),
    },
)


@st.composite
def sweeps(draw: st.DrawFn) -> Sweep:
    """A sweep of up to six such trials under any spec."""
    count = draw(st.integers(0, 6))
    return sweep([draw(trials(index=i)) for i in range(count)], draw(specs))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | wild_numbers | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)

rows = st.fixed_dictionaries(
    {"step": st.integers(-5, 40) | json_values},
    optional={
        "attempt": st.integers(1, 3),
        "train/loss": json_values,
        "eval/pc_success": wild_numbers,
        "odd|name\n": st.integers() | st.just(10**400),
    },
)


@st.composite
def metric_files(draw: st.DrawFn) -> bytes:
    """The bytes of a metrics file: rows, torn lines, lines of something else."""
    whole = st.builds(lambda row: json.dumps(row).encode(), rows)
    torn = st.builds(lambda line, cut: line[:cut], whole, st.integers(0, 30))
    other = st.sampled_from([b"", b"[1, 2]", b"3", b"\xff\xfe{", b"{}", b'{"step": 1', b'"a": 2}'])
    return b"\n".join(draw(st.lists(whole | torn | other, max_size=12)))
