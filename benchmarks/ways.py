"""Ways to run `benchmarks.work`, each as its tool's documentation recommends.

- `floor`: bare loops, one process a slot, nothing else.
- `optuna`: one process a slot on a shared journal file ("Easy Parallelization" of its tutorial;
  `Study.optimize` advises against threads where the objective is bound by the CPU).
- `ray_defaults`: Ray Tune with a function that calls `tune.report`; all else as it comes, a process
  for each trial.
- `ray`: the same with `reuse_actors`, which its documentation names for many short trials.
- `ray_no_loggers`: the same without the CSV, JSON and TensorBoard files of each trial.
- `ilsweep`: `ilsweep run`, with its records, wandb runs and both reports.

A way's `run` is timed, start and end of its processes included; its `outcome` is not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.work import (
    BATCH_SIZE,
    LOSS,
    REPORTS,
    RESULT,
    Ended,
    NotDone,
    Report,
    Work,
    read,
    train,
    write,
)
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.paths import SweepPaths

if TYPE_CHECKING:
    from optuna import Study

SLOTS = 2


@dataclass(frozen=True)
class Way:
    """How to run the work in a folder, and what became of it there.

    Raises:
        NotDone: by `run`, a process failed.
    """

    run: Callable[[Work, Path], None]
    outcome: Callable[[Path], list[Ended]]


def side_by_side(commands: list[list[str]], **env: str) -> None:
    """Run commands at the same time, until all have ended.

    Raises:
        NotDone: one of them failed.
    """
    settings = {**os.environ, "OMP_NUM_THREADS": "1", **env}
    running = [
        subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         env=settings)
        for line in commands
    ]  # fmt: skip
    printed = [process.communicate()[0] for process in running]
    for process, text in zip(running, printed, strict=True):
        if process.returncode:
            raise NotDone(f"{process.args!r} ended with {process.returncode}:\n{text[-2000:]}")


def me(*args: object) -> list[str]:
    """A command line of this file."""
    return [sys.executable, "-m", "benchmarks.ways", *map(str, args)]


def written(folder: Path) -> list[Ended]:
    """What the processes of a way wrote."""
    return read(sorted(folder.glob("ended-*.json")))


def run_floor(work: Work, folder: Path) -> None:
    side_by_side([me("floor", work.trials, work.steps, folder, slot) for slot in range(SLOTS)])


def noted_in(steps: list[int]) -> Report:
    """Keeps the step of each report, and nothing else."""
    return lambda step, metrics: steps.append(step)


def floor(work: Work, folder: Path, slot: int) -> None:
    """Every trial of a slot, one after the other."""
    train(work.rates[0], REPORTS, lambda step, metrics: None)  # imports what a first step imports
    ended = []
    for rate in work.rates[slot::SLOTS]:
        began, steps = time.time(), list[int]()
        result = train(rate, work.steps, noted_in(steps))
        ended.append(Ended(rate, "completed", steps, result, began, time.time()))
    write(ended, folder / f"ended-{slot}.json")


def study(folder: Path) -> Study:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = JournalStorage(JournalFileBackend(str(folder / "journal.log")))
    return optuna.create_study(storage=storage, study_name="bench", load_if_exists=True)


def run_optuna(work: Work, folder: Path) -> None:
    made = study(folder)
    for rate in work.rates:
        made.enqueue_trial({"lr": rate})
    shares = [len(work.rates[slot::SLOTS]) for slot in range(SLOTS)]
    side_by_side([me("optuna", work.trials, work.steps, folder, share) for share in shares])


def optuna_worker(work: Work, folder: Path, share: int) -> None:
    from optuna import Trial

    def objective(trial: Trial) -> float:
        rate = trial.suggest_float("lr", 1e-3, 0.05, log=True)
        return train(rate, work.steps, lambda step, metrics: trial.report(metrics[LOSS], step))

    study(folder).optimize(objective, n_trials=share)


def optuna_outcome(folder: Path) -> list[Ended]:
    def seconds(moment: datetime | None) -> float:
        return moment.timestamp() if moment else float("nan")

    return [
        Ended(
            rate=trial.params.get("lr", float("nan")),
            state="completed" if trial.state.name == "COMPLETE" else trial.state.name,
            steps=sorted(trial.intermediate_values),
            result=float("nan") if trial.value is None else trial.value,
            began=seconds(trial.datetime_start),
            ended=seconds(trial.datetime_complete),
        )
        for trial in study(folder).trials
    ]


def run_ray(reuse: bool, loggers: bool) -> Callable[[Work, Path], None]:
    def run(work: Work, folder: Path) -> None:
        env = {} if loggers else {"TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1"}
        side_by_side([me("ray", work.trials, work.steps, folder, int(reuse))], **env)

    return run


def ray_tune(work: Work, folder: Path, reuse: bool) -> None:
    import logging

    import ray
    from ray import tune

    def trial(config: dict[str, Any]) -> None:
        began = time.time()

        def report(step: int, metrics: dict[str, float]) -> None:
            tune.report({"step": step, "began": began, "ended": time.time(), **metrics})

        train(config["lr"], work.steps, report)

    ray.init(num_cpus=SLOTS, logging_level=logging.ERROR, log_to_driver=False)
    write(tuned(trial, work, folder, reuse), folder / "ended-ray.json")
    ray.shutdown()


def tuned(trainable: Any, work: Work, folder: Path, reuse: bool) -> list[Ended]:
    """What became of Ray Tune's trials of `trainable`.

    It reports `step`, `began`, `ended` and metrics. The reports are counted as they reach the
    driver, since without loggers no file has them.
    """
    from ray import tune

    steps: dict[float, list[int]] = {rate: [] for rate in work.rates}

    class Count(tune.Callback):
        def on_trial_result(self, iteration: int, trials: Any, trial: Any, result: Any,
                            **info: Any) -> None:  # fmt: skip
            steps[trial.config["lr"]].append(result["step"])

    results = tune.Tuner(
        trainable,
        param_space={"lr": tune.grid_search(work.rates)},
        tune_config=tune.TuneConfig(reuse_actors=reuse),
        run_config=tune.RunConfig(storage_path=str(folder), verbose=0, callbacks=[Count()]),
    ).fit()
    return [
        Ended(
            rate=result.config["lr"],
            state="failed" if result.error else "completed",
            steps=steps[result.config["lr"]],
            result=result.metrics.get(RESULT, float("nan")),
            began=result.metrics.get("began", float("nan")),
            ended=result.metrics.get("ended", float("nan")),
            error=str(result.error or ""),
        )
        for result in results
    ]


def spec(work: Work) -> str:
    """Of the same work, for ilsweep."""
    return json.dumps(
        {
            "name": "bench",
            "trainer": "benchmarks.regression:Regression",
            "params": {"steps": work.steps, "batch_size": BATCH_SIZE, "log_every": work.every,
                       "eval_every": work.steps, "save_every": work.steps},
            "space": {"lr": {"choice": work.rates}},
            "objective": {"metric": RESULT, "mode": "min"},
            "search": {"algorithm": "grid"},
        }
    )  # fmt: skip


def run_ilsweep(work: Work, folder: Path) -> None:
    path = folder / "spec.yaml"
    path.write_text(spec(work))
    side_by_side([[sys.executable, "-m", "ilsweep.sweeps.cli.main", "run", str(path),
                   "--storage", str(folder)]])  # fmt: skip


def ilsweep_outcome(folder: Path) -> list[Ended]:
    """Of the sweep `bench` under `folder`."""
    root = folder / "bench"
    sweep = read_sweep(root)

    def moment(trial: str, name: str) -> float:
        text = read_json(SweepPaths(root).trial(trial).record).get(name)
        return datetime.fromisoformat(text).timestamp() if text else float("nan")

    return [
        Ended(
            rate=trial.searched.get("lr", float("nan")),
            state=trial.state,
            steps=trial.curve(LOSS).steps.tolist(),
            result=trial.last(RESULT),
            began=moment(trial.id, "started"),
            ended=moment(trial.id, "ended"),
            error=trial.error,
        )
        for trial in sweep.trials
    ]


WAYS: dict[str, Way] = {
    "floor": Way(run_floor, written),
    "optuna": Way(run_optuna, optuna_outcome),
    "ray_defaults": Way(run_ray(reuse=False, loggers=True), written),
    "ray": Way(run_ray(reuse=True, loggers=True), written),
    "ray_no_loggers": Way(run_ray(reuse=True, loggers=False), written),
    "ilsweep": Way(run_ilsweep, ilsweep_outcome),
}


def main() -> None:
    """One process of a way: `NAME TRIALS STEPS FOLDER NUMBER`."""
    name, trials, steps, folder, number = sys.argv[1:]
    work = Work(int(trials), int(steps))
    if name == "floor":
        floor(work, Path(folder), int(number))
    elif name == "optuna":
        optuna_worker(work, Path(folder), int(number))
    else:
        ray_tune(work, Path(folder), number == "1")


if __name__ == "__main__":
    main()
