"""Sweeps on disk that never ran: curves with a known course, as a trainer would log them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from ilsweep.analysis.load.sweep import Sweep, read_sweep
from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths

SPEC: dict[str, Any] = {
    "name": "made-up",
    "question": "Which OT strength aligns the two camera views without hurting cloning?",
    "trainer": "act_ot",
    "data": {"source": "aloha", "task": "transfer_cube", "episodes": 40},
    "seeds": [0, 1, 2],
    "space": {
        "ot.reg": {"choice": [0.15, 1.0, 2.0]},
        "ot.tau": {"choice": [1, 5, 10]},
        "ot.lambda_ot": {"loguniform": [0.02, 0.2]},
    },
    "hypotheses": [
        {
            "claim": "A larger reg keeps more transport mass",
            "param": "ot.reg",
            "metric": "train/ot_pi_sum",
            "expect": "increase",
        }
    ],
    "objective": {"metric": "eval/offline_eval/avg_l1", "mode": "min"},
}


def write_trial(
    root: Path,
    trial_id: str,
    rows: list[dict[str, Any]],
    *,
    params: dict[str, Any] | None = None,
    **record: Any,
) -> None:
    """A trial's three files."""
    paths = SweepPaths(root).trial(trial_id)
    write_atomic(paths.params, to_json({"id": trial_id, "config_id": trial_id, **(params or {})}))
    write_atomic(paths.metrics, "".join(to_json(row, indent=None) + "\n" for row in rows))
    made = {"state": "completed", "ended": "2025-12-24T07:47:30+00:00", "seconds": 61.5}
    write_atomic(paths.record, to_json({**made, **record}))


def curves(rng: np.random.Generator, reg: float, lam: float, steps: int) -> list[dict[str, Any]]:
    """Reports every 50 steps: losses that fall, a plan whose mass grows with `reg`."""
    rows = []
    skill = 0.34 + 0.03 * abs(math.log(reg)) + 0.1 * lam + 0.008 * rng.normal()
    for step in range(50, steps + 1, 50):
        left = math.exp(-step / 350)
        noise = 1 + 0.05 * rng.normal()
        row = {
            "train/loss": (1.1 + 14 * left) * noise,
            "train/l1_loss": (0.15 + 0.37 * left) * noise,
            "train/kld_loss": (0.01 + 1.3 * left) * noise,
            "train/ot_loss": 0.1 * reg * (1 + 0.6 * rng.normal() ** 2),
            "train/ot_pi_sum": min(1.0, 0.2 * reg) * (1 - left * 0.6) * abs(noise),
            "train/ot_pi_diag": min(1.0, 0.2 * reg) * (1 - left * 0.6) * abs(noise),
            "train/ot_cost/state": 900 + 300 * left * noise,
        }
        if step % 250 == 0:
            row["eval/offline_eval/avg_l1"] = skill + 0.3 * left
        rows.append({"step": step, "attempt": 1, "seconds": step / 10, **row})
    rows[-1]["eval/pc_success"] = float(round(100 * max(0.0, 0.9 - skill)))
    rows[-1]["eval/n_episodes"] = 50
    return rows


def write_sweep(
    root: Path, configs: int = 6, seeds: int = 3, steps: int = 1500, seed: int = 0
) -> Sweep:
    """A sweep over `ot.reg`, `ot.tau` and `ot.lambda_ot`; its last trial failed."""
    rng = np.random.default_rng(seed)
    for i in range(configs):
        searched = {
            "ot.reg": float(rng.choice([0.15, 1.0, 2.0])),
            "ot.tau": float(rng.choice([1, 5, 10])),
            "ot.lambda_ot": float(np.exp(rng.uniform(np.log(0.02), np.log(0.2)))),
        }
        rest = {"ot.window_size": 20, "ot.heuristic": True, "ot.weight_embed": 1.0}
        params = {**searched, **rest, "ot.weight_label": 0.0005, "lr": 1e-4}
        for s in range(seeds):
            rows = curves(rng, searched["ot.reg"], searched["ot.lambda_ot"], steps)
            failed = i == configs - 1 and s == seeds - 1
            write_trial(
                root,
                f"c{i:03d}-s{s}",
                rows[: len(rows) // 2] if failed else rows,
                params={
                    "config_id": f"c{i:03d}",
                    "seed": s,
                    "searched": searched,
                    "params": params,
                },
                **({"state": "failed", "error": "Traceback\nValueError: loss is nan"}
                   if failed else {}),
            )  # fmt: skip
    manifest = {
        "name": SPEC["name"],
        "spec": SPEC,
        "versions": {"python": "3.11.7", "ray": "2.60.0"},
        "commit": "0123abc",
        "host": "node-1",
        "sessions": [
            {
                "command": ["ilsweep", "run", "spec.yaml"],
                "started": "2025-12-24T06:00:00+00:00",
                "ended": "2025-12-24T07:47:40+00:00",
            }
        ],
    }
    write_atomic(SweepPaths(root).manifest, to_json(manifest))
    write_atomic(SweepPaths(root).spec, "name: made-up\n")
    return read_sweep(root)
