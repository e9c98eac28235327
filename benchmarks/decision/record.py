"""Real trainings of ours as tables: every configuration of a grid with each of its seeds.

    python -m benchmarks.decision.record point_world|dial_turn [--seconds 200]
    python -m benchmarks.decision.record kept

The first trains with ten seeds: behaviour cloning of a point that has to reach a goal (12
configurations, a second a training), and of Meta-World's dial-turn (16, some six seconds). What is
trained stays in the cache folder: called again, it goes on. The second reads the successes of the
sweeps that `docs/findings` keeps. Both write `benchmarks/decision/tables/NAME.json`.
"""

from __future__ import annotations

import argparse
import itertools
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.recorded import record_training
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.model import TrialRecord, read_trial
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.execution.demonstrations import prepare_data
from ilsweep.sweeps.execution.recorder import write_params
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store.provenance import commit
from ilsweep.sweeps.validation.validate import check
from ilsweep.sweeps.worker.training_loop import cache_folder

TABLES = Path(__file__).with_name("tables")
FINDINGS = Path(__file__).parents[2] / "docs" / "findings"
SEEDS = 10
METRICS = (SUCCESS, "probe/test_error")
KEPT = ("act-blind-policy", "bc-loss-jump", "rdt-position-scale", "reflow-padding")
"""Those of `docs/findings` with four seeds whose choice is not plain at once."""
SPECS: dict[str, dict[str, Any]] = {
    "point_world": {
        "name": "decision-point-world",
        "trainer": "bc",
        "data": {
            "source": "gym",
            "env": {"id": "benchmarks.decision.point_world:PointWorld", "max_steps": 40},
            "expert": "benchmarks.decision.point_world:expert",
            "episodes": 20,
            "observation": "state",
        },
        "params": {
            "steps": 300, "rollouts": 40, "replays": 0, "log_every": 100, "eval_every": 300,
            "save_every": 300,
        },
        "space": {
            "lr": {"choice": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2]},
            "batch_size": {"choice": [8, 64]},
        },
        "objective": {"metric": METRICS[0], "mode": "max"},
        "search": {"algorithm": "grid"},
    },
    "dial_turn": {
        "name": "decision-dial-turn",
        "trainer": "bc",
        "data": {"source": "metaworld", "task": "dial-turn-v3", "observation": "state"},
        "params": {
            "steps": 1500, "batch_size": 64, "lr_schedule": "cosine", "rollouts": 30, "replays": 0,
            "log_every": 100, "eval_every": 1500, "save_every": 1500,
        },
        "space": {
            "data.episodes": {"choice": [3, 6, 12, 24]},
            "lr": {"choice": [3e-4, 1e-3]},
            "std_min": {"choice": [1e-5, 0.05]},
        },
        "objective": {"metric": METRICS[0], "mode": "max"},
        "search": {"algorithm": "grid"},
    },
}  # fmt: skip


def points(plan: Plan) -> list[dict[str, Any]]:
    """The configurations of the grid."""
    values = [domain.values for domain in plan.space.values()]
    return [dict(zip(plan.space, point, strict=True)) for point in itertools.product(*values)]


def trained(plan: Plan, until: float) -> list[list[TrialRecord]]:
    """Each configuration's trainings, seed by seed; none is begun after `until`."""
    root = SweepPaths(cache_folder() / plan.spec.name)
    rows: list[list[TrialRecord]] = [[] for _ in points(plan)]
    for seed in range(SEEDS):
        for number, point in enumerate(points(plan)):
            trial = plan.trial(point, seed, plan.configuration(point)[:12])
            paths = root.trial(trial.id)
            if not read_trial(paths).finished:
                if time.monotonic() > until:
                    return rows
                paths.metrics.unlink(missing_ok=True)
                write_params(root, trial)
                record_training(plan.spec.trainer, trial, paths)
            rows[number].append(read_trial(paths))
    return rows


def kept(name: str) -> dict[str, Any]:
    """The successes of a sweep of `docs/findings`."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(FINDINGS / name / "records.tar.xz") as packed:
            packed.extractall(folder, filter="data")
        trials = read_sweep(Path(folder) / name).trials
    rows: dict[str, list[TrialRecord]] = {}
    for trial in sorted(trials, key=lambda one: (one.config_id, one.seed or 0)):
        rows.setdefault(trial.config_id, []).append(trial)
    return table(list(rows.values()), (SUCCESS,))


def table(rows: list[list[TrialRecord]], metrics: tuple[str, ...]) -> dict[str, Any]:
    """Of configurations with the same seeds each."""
    return {
        "commit": commit(),
        "seconds": sum(trial.seconds for row in rows for trial in row),
        "episodes": int(rows[0][0].last("eval/n_episodes")),
        "configurations": [row[0].searched for row in rows],
        "values": {m: [[trial.last(m) for trial in row] for row in rows] for m in metrics},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=(*SPECS, "kept"))
    parser.add_argument("--seconds", type=float, default=1e9)
    args = parser.parse_args()
    if args.what == "kept":
        for name in KEPT:
            write_atomic(TABLES / f"{name}.json", to_json(kept(name)))
        return
    until = time.monotonic() + args.seconds
    torch.set_num_threads(1)
    plan = check(SPECS[args.what])
    prepare_data(plan)
    rows = trained(plan, until)
    count = min(map(len, rows))
    print(f"{count} of {SEEDS} seeds of {len(rows)} configurations")
    write_atomic(
        TABLES / f"{args.what}.json", to_json(table([row[:count] for row in rows], METRICS))
    )


if __name__ == "__main__":
    main()
