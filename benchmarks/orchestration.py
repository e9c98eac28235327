"""What orchestration costs: the same trials by bare loops, Ray Tune, Optuna and ilsweep.

Every way trains the same small network for the same number of steps, with ten reports a trial, two
trials at a time, one thread each. Wall time includes start-up and shut-down of the whole process.

    python -m benchmarks.orchestration [--trials 64] [--seconds 2] [--only floor,ilsweep]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

SLOTS = 2
REPORTS = 10
WAYS = ("floor", "ray_defaults", "ray_reused", "optuna", "ilsweep")


def trainer(seed: int, steps: int) -> Any:
    from benchmarks.regression import Regression, RegressionConfig

    return Regression(RegressionConfig(steps=steps, batch_size=64), None, seed=seed)


def train(seed: int, steps: int, report: Callable[[int, float], None]) -> float:
    """One trial: `steps` steps, REPORTS reports, and an evaluation at the end."""
    import torch

    torch.set_num_threads(1)
    made = trainer(seed, steps)
    loss = 0.0
    for step in range(1, steps + 1):
        loss = float(made.train_step()["train/loss"])
        if step % (steps // REPORTS) == 0:
            report(step, loss)
    return float(made.evaluate()["eval/loss"])


def quiet(step: int, loss: float) -> None:
    """A report that nobody reads."""


def loop(steps: int, seeds: list[int]) -> None:
    """One bare loop; prints the seconds of training alone."""
    train(0, REPORTS, quiet)
    began = time.perf_counter()
    for seed in seeds:
        train(seed, steps, quiet)
    print(time.perf_counter() - began)


def optuna_worker(steps: int, number: int, storage: str) -> None:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(storage)), study_name="x", load_if_exists=True
    )

    def objective(trial: optuna.Trial) -> float:
        trial.suggest_float("lr", 1e-3, 0.05, log=True)
        return train(trial.number, steps, lambda step, loss: trial.report(loss, step))

    study.optimize(objective, n_trials=number)


def ray_tune(steps: int, number: int, *, reuse: bool) -> None:
    import logging

    import ray
    from ray import tune

    class Trial(tune.Trainable):
        def setup(self, config: dict[str, Any]) -> None:
            import torch

            torch.set_num_threads(1)
            self.made = trainer(config["seed"], steps)
            self.done = 0

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            self.setup(new_config)
            return True

        def step(self) -> dict[str, Any]:
            for _ in range(steps // REPORTS):
                loss = float(self.made.train_step()["train/loss"])
            self.done += 1
            if self.done == REPORTS:
                loss = float(self.made.evaluate()["eval/loss"])
            return {"loss": loss, "done": self.done == REPORTS}

    ray.init(num_cpus=SLOTS, logging_level=logging.ERROR, log_to_driver=False)
    tune.Tuner(
        Trial,
        param_space={"seed": tune.grid_search(list(range(number)))},
        tune_config=tune.TuneConfig(reuse_actors=reuse),
        run_config=tune.RunConfig(storage_path=tempfile.mkdtemp(), verbose=0),
    ).fit()
    ray.shutdown()


def spec(steps: int, number: int) -> str:
    each = steps // REPORTS
    return json.dumps(
        {
            "name": "bench",
            "trainer": "benchmarks.regression:Regression",
            "params": {"steps": each * REPORTS, "batch_size": 64, "log_every": each,
                       "eval_every": each * REPORTS, "save_every": each * REPORTS},
            "space": {"lr": {"loguniform": [1e-3, 0.05]}},
            "objective": {"metric": "eval/loss", "mode": "min"},
            "search": {"num_trials": number},
        }
    )  # fmt: skip


def me(*args: object) -> list[str]:
    return [sys.executable, "-m", "benchmarks.orchestration", *map(str, args)]


def run_all(commands: list[list[str]]) -> list[str]:
    """Run commands side by side; what each printed on standard output."""
    pipe = subprocess.PIPE
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env)
        for command in commands
    ]
    outputs = []
    for process in running:
        out, errors = process.communicate()
        if process.returncode:
            raise SystemExit(f"{process.args} failed:\n{errors[-2000:]}")
        outputs.append(out)
    return outputs


def measure(way: str, steps: int, number: int) -> tuple[float, float | None]:
    """Wall seconds of one way, and of its training span alone where it can be told."""
    with tempfile.TemporaryDirectory() as folder:
        spec_path = Path(folder) / "spec.yaml"
        spec_path.write_text(spec(steps, number))
        began = time.perf_counter()
        inner = None
        if way == "floor":
            halves = [[s for s in range(number) if s % SLOTS == i] for i in range(SLOTS)]
            inner = max(float(out) for out in run_all(
                [me("--loop", steps, ",".join(map(str, half))) for half in halves]))  # fmt: skip
        elif way == "optuna":
            run_all([me("--optuna", steps, number // SLOTS, f"{folder}/o.log")] * SLOTS)
        elif way == "ilsweep":
            run_all([[sys.executable, "-m", "sweeps.cli", "run", str(spec_path),
                      "--storage", folder]])  # fmt: skip
        else:
            run_all([me("--ray", steps, number, way)])
        wall = time.perf_counter() - began
        if way == "ilsweep":
            inner = span(Path(folder) / "bench")
        return wall, inner


def span(root: Path) -> float:
    """From the first trial's start to the last one's end."""
    records = [json.loads(p.read_text()) for p in root.glob("trials/*/record.json")]
    starts = [datetime.fromisoformat(record["started"]) for record in records]
    ends = [datetime.fromisoformat(record["ended"]) for record in records]
    return (max(ends) - min(starts)).total_seconds()


def steps_for(seconds: float) -> int:
    """Steps that take so long while every slot is busy, a multiple of REPORTS."""
    steps = 2000
    outputs = run_all([me("--loop", steps, "0")] * SLOTS)
    return round(steps * seconds / max(map(float, outputs)) / REPORTS) * REPORTS


def compare(number: int, seconds: float, ways: list[str], rounds: int) -> None:
    steps = steps_for(seconds)
    print(f"{number} trials of {steps} steps (about {seconds:g} s), {SLOTS} at a time")
    walls: dict[str, list[float]] = {way: [] for way in ways}
    inners: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            wall, inner = measure(way, steps, number)
            walls[way].append(wall)
            inners[way] += [] if inner is None else [inner]
            print(f"  {way}: {wall:.1f} s", file=sys.stderr, flush=True)
    floor_wall = walls.get("floor")
    print(f"{'way':<14}{'wall s':>8}{'over floor':>12}{'first start to last end, over floor':>38}")
    for way in ways:
        ratio = inner_ratio = ""
        if floor_wall:
            pairs = zip(walls[way], floor_wall, strict=True)
            ratio = f"{statistics.median(a / b for a, b in pairs):.3f}"
            if inners[way]:
                spans = zip(inners[way], inners["floor"], strict=True)
                inner_ratio = f"{statistics.median(a / b for a, b in spans):.3f}"
        print(f"{way:<14}{statistics.median(walls[way]):>8.1f}{ratio:>12}{inner_ratio:>38}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default=",".join(WAYS))
    for worker in ("--loop", "--optuna", "--ray"):
        parser.add_argument(worker, nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.loop:
        loop(int(args.loop[0]), [int(seed) for seed in args.loop[1].split(",")])
    elif args.optuna:
        optuna_worker(int(args.optuna[0]), int(args.optuna[1]), args.optuna[2])
    elif args.ray:
        ray_tune(int(args.ray[0]), int(args.ray[1]), reuse=args.ray[2] == "ray_reused")
    else:
        compare(args.trials, args.seconds, args.only.split(","), args.rounds)


if __name__ == "__main__":
    main()
