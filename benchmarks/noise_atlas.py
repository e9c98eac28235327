"""How much identical retrainings differ, for each world, trainer and metric of ours: the atlas.

    python -m benchmarks.noise_atlas [--seconds 240] [NAME ...]      (`make noise-atlas`)

Trains each case with `SEEDS` training seeds on one thread, and writes
`analysis/inference/noise_atlas.json`, which `ilsweep validate` reads, and `docs/noise.md`. What is
trained stays in the cache folder: called again, it goes on. With --seconds it begins no further
training after so many.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from scipy import special

from benchmarks.recorded import record_training
from ilsweep.analysis.formatting import num
from ilsweep.analysis.inference.design import metric_of
from ilsweep.analysis.inference.noise import between_retrainings
from ilsweep.analysis.inference.noise_atlas import ATLAS, world_of
from ilsweep.analysis.metrics.catalog import PER_EPISODE, SUCCESS
from ilsweep.analysis.metrics.lookup import KNOWN
from ilsweep.analysis.ranking.comparisons import success_counts
from ilsweep.analysis.ranking.lesions import LESION
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.model import TrialRecord, read_trial
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.execution.recorder import write_params
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store.provenance import commit, versions
from ilsweep.sweeps.validation.validate import check
from ilsweep.sweeps.worker.training_loop import cache_folder

SEEDS = 6
DOC = Path(__file__).parents[1] / "docs" / "noise.md"
SHOWN = (
    SUCCESS, "probe/target_pc_success", "eval/offline_eval/avg_l1", "probe/test_error",
    "probe/endpoint_error", "probe/error/position_mm", "train/loss", "bc/mse",
)  # fmt: skip
"""Metrics that the page shows; the JSON file has all."""


@dataclass(frozen=True)
class Case:
    """One configuration of a trainer in a world."""

    name: str
    trainer: str
    data: dict[str, Any]
    params: dict[str, Any] = field(default_factory=dict)


DIAL = {"source": "metaworld", "task": "dial-turn-v3", "episodes": 28}
CUBE = {"source": "aloha", "task": "transfer_cube", "episodes": 40, "observation": "state"}
EVERY = {"log_every": 10, "eval_every": 200}
ACT = {"batch_size": 32, "chunk_size": 10, "lr": 1e-3, "lr_backbone": 1e-3, "ensemble_decay": None}
SMALL = {"batch_size": 16, "dim": 64, "layers": 2, "chunk_size": 32, "execute_steps": 8}
CASES = (
    Case("act-dial-turn", "act", DIAL, {**ACT, "steps": 400, "rollouts": 20}),
    Case(
        "act-ot-dial-turn", "act_ot", {**DIAL, "episodes": 20, "domains": ["source", "target"]},
        {**ACT, "steps": 400, "batch_size": 16, "rollouts": 10, "target_rollouts": 10,
         "ot.window_size": 2, "ot.lambda_ot": 0.001},
    ),
    Case(
        "bc-cube", "bc", {**CUBE, "rate_hz": 50, "episodes": 6},
        {"steps": 2000, "batch_size": 256, "rollouts": 4},
    ),
    Case("rdt-ee-cube", "rdt", CUBE, {**SMALL, "steps": 600, "control": "ee", "rollouts": 4}),
    Case(
        "reflow-cube", "reflow", CUBE,
        {"teacher_steps": 1000, "steps": 300, "batch_size": 32, "chunk_size": 8,
         "execute_steps": 4, "layers": 2, "rollouts": 2},
    ),
)  # fmt: skip


def planned(case: Case) -> Plan:
    return check({
        "name": case.name, "trainer": case.trainer, "data": case.data,
        "params": {**EVERY, "save_every": case.params["steps"], **case.params},
    })  # fmt: skip


def trained(case: Case, until: float) -> list[TrialRecord]:
    """Its trainings: those that are kept, and those that are begun before `until`."""
    plan = planned(case)
    root = SweepPaths(cache_folder() / "noise" / case.name)
    found = []
    for seed in range(SEEDS):
        trial = plan.trial({}, seed, plan.configuration({})[:12])
        paths = root.trial(trial.id)
        if not read_trial(paths).finished:
            if time.monotonic() > until:
                break
            paths.metrics.unlink(missing_ok=True)
            write_params(root, trial)
            record_training(case.trainer, trial, paths)
            print(f"{case.name}, seed {seed}: {read_trial(paths).seconds:.0f} s", flush=True)
        found.append(read_trial(paths))
    return found


def row(case: Case, trials: list[TrialRecord]) -> dict[str, Any]:
    """What a case says of each metric; lesions are of few episodes, and left out."""
    names = sorted(
        name
        for name in set.intersection(*(set(trial.curves) for trial in trials))
        if not name.startswith((*PER_EPISODE, LESION)) and not _counts(name)
    )
    return {
        "name": case.name,
        "trainer": case.trainer,
        "world": world_of(case.data),
        "data": case.data,
        "params": case.params,
        "seeds": len(trials),
        "seconds": round(sum(trial.seconds for trial in trials) / len(trials), 1),
        "metrics": {name: _measured(name, trials) for name in names},
    }


def _counts(name: str) -> bool:
    known = KNOWN.get(name)
    return known is not None and known.role == "count"


def _measured(name: str, trials: list[TrialRecord]) -> dict[str, Any]:
    values = [metric_of(trial, name) for trial in trials]
    noise = between_retrainings(trials, name, "")
    found: dict[str, Any] = {
        "sd": float(f"{noise.sd:.3g}") if noise else None,
        "values": [float(f"{value:.6g}") for value in values],
    }
    if name == SUCCESS:
        found["counts"] = success_counts(trials)
    return found


def page(rows: list[dict[str, Any]]) -> str:
    """`docs/noise.md`."""
    lines = [
        "# Noise between identical retrainings",
        "",
        "Standard deviation of a metric between trainings that differ in their seed alone (initial",
        "weights, order of the data), on the same demonstrations and the same evaluation episodes.",
        "Square brackets are 95 % intervals (chi-squared). Of `eval/pc_success` the part that its",
        "episodes alone make (binomial) is taken out, so that 0 means no more than that.",
        "`make noise-atlas` measures it; `ilsweep validate` says with it what a claim could show",
        "before a sweep starts, where no earlier sweep of yours with the same trainer in the same",
        "world does (`--storage`). The file `analysis/inference/noise_atlas.json` has all metrics.",
        "",
        "| case | trainer, world | seconds a training | metric | by seed | standard deviation |",
        "|---|---|---|---|---|---|",
    ]
    for found in rows:
        freedom = found["seeds"] - 1
        for name in (name for name in SHOWN if name in found["metrics"]):
            measured = found["metrics"][name]
            told = ", ".join(f"{value:.3g}" for value in measured["values"])
            about = f"{found['trainer']}, {found['world']} | {found['seconds']:.0f}"
            noise = _deviation(name, measured["sd"], freedom)
            lines.append(f"| {found['name']} | {about} | `{name}` | {told} | {noise} |")
    left = [case.name for case in CASES if case.name not in {found["name"] for found in rows}]
    if left:
        lines += ["", f"Not measured yet: {', '.join(left)} (`make noise-atlas` goes on)."]
    return "\n".join(lines) + "\n"


def _deviation(name: str, sd: float | None, freedom: int) -> str:
    if sd is None:
        return "not known: a floor, a ceiling, or all equal"
    if name == SUCCESS:
        return num(sd)
    ends = (sd * math.sqrt(freedom / _chi2(p, freedom)) for p in (0.025, 0.975))
    return "{} [{}, {}]".format(num(sd), *map(num, ends))


def _chi2(tail: float, freedom: int) -> float:
    return float(special.chdtri(freedom, tail))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", default=[])
    parser.add_argument("--seconds", type=float, default=math.inf)
    args = parser.parse_args()
    torch.set_num_threads(1)
    until = time.monotonic() + args.seconds
    known = {found["name"]: found for found in read_json(ATLAS).get("rows", [])}
    for case in CASES:
        if not args.names or case.name in args.names:
            trials = trained(case, until)
            if len(trials) > 1:
                known[case.name] = row(case, trials)
    rows = [known[case.name] for case in CASES if case.name in known]
    about = {"commit": commit(), "versions": versions(), "rows": rows}
    write_atomic(ATLAS, to_json(json.loads(to_json(about))))
    DOC.write_text(page(rows))
    left = [c.name for c in CASES if known.get(c.name, {}).get("seeds", 0) < SEEDS]
    print(f"left: {', '.join(left)}; call again" if left else f"{ATLAS} and {DOC} are written")


if __name__ == "__main__":
    main()
