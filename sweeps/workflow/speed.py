"""How fast a sweep's trials train on this machine, by the resources that each takes.

For each choice of resources as many trainings as would run at once train for some seconds, each in
a process of its own: what counts is what they do together. Those of the spec's own resources also
evaluate once and come to their end, so that the length of the sweep can be said.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ilsweep.analysis.formatting import how_many
from ilsweep.sweeps.errors import Problem, SpecError, reason
from ilsweep.sweeps.metrics import Returned
from ilsweep.sweeps.processes.machine import cpus
from ilsweep.sweeps.progress.console import Progress
from ilsweep.sweeps.progress.tracker import duration
from ilsweep.sweeps.spec.model import Resources
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.spec.trial_config import TrialConfig
from ilsweep.sweeps.store.checkpoints import CheckpointFolder
from ilsweep.sweeps.validation.resources import advice, gpus
from ilsweep.sweeps.worker.device import take_device
from ilsweep.sweeps.worker.training_loop import TrainingLoop
from ilsweep.sweeps.workflow.pool import as_completed, process_pool

WARM_UP_S = 1.0
"""A first step takes longer than others: torch imports and chooses what it needs."""
STARTS_S = 300.0
"""For all trainings of one choice to have warmed up."""
MUCH = 1.1
"""So many times as fast is worth another choice of resources."""


@dataclass(frozen=True)
class Pace:
    """Of one training among others."""

    steps_s: float
    """Optimiser steps a second."""
    evaluation_s: float = 0.0
    """Of one evaluation before its end."""
    end_s: float = 0.0
    """Of its last evaluation, episodes and probes."""


@dataclass(frozen=True)
class Speed:
    """Of one choice of resources."""

    resources: Resources
    at_once: int
    steps_s: float = 0.0
    """Optimiser steps a second, of all that train at once; 0 where they could not."""
    lacks: str = ""
    """Why they could not."""


@dataclass(frozen=True)
class Measured:
    """What a few seconds tell of a sweep."""

    speeds: tuple[Speed, ...]
    """The spec's own first."""
    trial_s: float
    """Of one trial among as many as run at once."""
    sweep_s: float
    """Of all trials, where none ends early."""

    @property
    def faster(self) -> Speed | None:
        """The fastest, where that is another than the spec's own, by much."""
        best = max(self.speeds, key=lambda speed: speed.steps_s)
        return best if best.steps_s > MUCH * self.speeds[0].steps_s else None

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        rows = [{**asdict(speed), "resources": speed.resources.model_dump()}
                for speed in self.speeds]  # fmt: skip
        return {"choices": rows, "trial_s": self.trial_s, "sweep_s": self.sweep_s}


def measure(plan: Plan, seconds: float) -> Measured:
    """Train the first configuration for some seconds with each choice of resources.

    Raises:
        SpecError: it does not train with the spec's own resources.
    """
    trial = plan.trial(plan.ends()[0], plan.spec.first_seeds[0])
    own, *others = choices(plan.spec.resources, cpus(), gpus())
    with Progress() as progress:
        progress.show(0, 1 + len(others), "choices of resources measured")
        try:
            paces = _paces(plan, trial, own, seconds, whole=True)
        except Exception as error:  # noqa: BLE001 - a trainer may raise anything
            raise SpecError([Problem("trainer", f"does not train: {_why(error)}")]) from None
        speeds = [Speed(own, len(paces), sum(pace.steps_s for pace in paces))]
        for done, resources in enumerate(others, 1):
            progress.show(done, 1 + len(others), "choices of resources measured")
            speeds.append(_speed(plan, trial, resources, seconds))
    steps, every = trial.steps, int(trial.params["eval_every"])
    besides = max((steps - 1) // every * pace.evaluation_s + pace.end_s for pace in paces)
    slowest = min(pace.steps_s for pace in paces)
    each_s = plan.work[1] / plan.most_trials / slowest + besides
    rounds = math.ceil(plan.most_trials / len(paces))
    return Measured(tuple(speeds), steps / slowest + besides, rounds * each_s)


def speed_lines(plan: Plan, measured: Measured) -> list[str]:
    """What was measured, and what would be faster."""
    lines = [f"the first configuration trains here with {how_many(cpus(), 'CPU')} and "
             f"{how_many(gpus(), 'GPU')}:"]  # fmt: skip
    for speed in measured.speeds:
        own = ", as the spec says" if speed is measured.speeds[0] else ""
        rate = speed.lacks or f"{speed.steps_s:.3g} steps/s together"
        lines.append(f"  {_text(speed.resources)}: {speed.at_once} at once, {rate}{own}")
    trials = how_many(plan.most_trials, "trial")
    lines.append(f"a trial takes about {duration(measured.trial_s)}, {trials} about "
                 f"{duration(measured.sweep_s)}, where none ends early")  # fmt: skip
    if best := measured.faster:
        times = best.steps_s / measured.speeds[0].steps_s
        lines.append(f"resources: {_text(best.resources)} trains {times:.2g} times as fast")
        lines += advice(best.resources)
    return lines


def _text(resources: Resources) -> str:
    gpu = f", gpu: {resources.gpu:g}" if resources.gpu else ""
    return f"{{cpu: {resources.cpu:g}{gpu}}}"


def choices(own: Resources, cpu_count: int, gpu_count: int) -> list[Resources]:
    """The spec's own resources, then what else could be taken, each once.

    On CPUs 1, 2, 4, ... threads a trial; on a GPU 1, 2, 4, ... trials, as far as each has a CPU.
    """
    powers = [2**n for n in range(cpu_count.bit_length())]
    found = [own, *(Resources(cpu=threads) for threads in powers)]
    if gpu_count:
        shares = [n for n in powers if n * gpu_count <= cpu_count] or [1]
        found += [Resources(cpu=1, gpu=1 / n) for n in shares]
    return list(dict.fromkeys(found))


def at_once(resources: Resources, trials: int, cpu_count: int, gpu_count: int) -> int:
    """How many of so many trials run at the same time."""
    count = min(trials, int(cpu_count / resources.cpu))
    if resources.gpu:
        count = min(count, int(gpu_count / resources.gpu))
    return max(count, 1)


def _speed(plan: Plan, trial: TrialConfig, resources: Resources, seconds: float) -> Speed:
    count = at_once(resources, plan.most_trials, cpus(), gpus())
    try:
        paces = _paces(plan, trial, resources, seconds)
    except Exception as error:  # noqa: BLE001 - as a GPU whose memory does not hold so many
        return Speed(resources, count, lacks=_why(error))
    return Speed(resources, count, sum(pace.steps_s for pace in paces))


def _why(error: Exception) -> str:
    return "a process ended" if isinstance(error, BrokenProcessPool) else reason(error)


def _paces(
    plan: Plan, trial: TrialConfig, resources: Resources, seconds: float, *, whole: bool = False
) -> list[Pace]:
    """Those of all trainings at once; with `whole`, their evaluation and end are measured, too."""
    count = at_once(resources, plan.most_trials, cpus(), gpus())
    threads = resources.threads
    devices = [*_devices()] if resources.gpu else [""]
    with tempfile.TemporaryDirectory() as folder, process_pool(count, threads) as pool:
        jobs = [
            pool.submit(
                _train, plan.spec.trainer, trial, resources.gpu, devices[n % len(devices)], threads,
                (Path(folder), count), seconds, whole,
            )
            for n in range(count)
        ]  # fmt: skip
        return [job.result() for job in as_completed(jobs)]


def _devices() -> Iterator[str]:
    """The GPUs that may be used, as `CUDA_VISIBLE_DEVICES` names them."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    yield from given.split(",") if given else map(str, range(gpus()))


def _train(
    trainer: str, trial: TrialConfig, share: float, gpu: str, threads: int,
    together: tuple[Path, int], seconds: float, whole: bool,
) -> Pace:  # fmt: skip
    """In a process: train, once all have warmed up."""
    os.environ["CUDA_VISIBLE_DEVICES"] = gpu  # before torch looks for one
    folder, count = together
    store, device = CheckpointFolder(folder), take_device(share)
    training = _Training(
        lambda: TrainingLoop(trainer, trial, store, threads=threads, device=device)
    )
    training.steps_a_second(WARM_UP_S)
    _meet(folder, count)
    steps_s = training.steps_a_second(seconds)
    if not whole:
        return Pace(steps_s)
    return Pace(steps_s, training.seconds_of("evaluate"),
                training.seconds_of("evaluate", "finish", "probe"))  # fmt: skip


class _Training:
    """One after the other, as long as steps are asked for."""

    def __init__(self, make: Callable[[], TrainingLoop]) -> None:
        self._make, self._loop, self._step = make, make(), 0

    def steps_a_second(self, seconds: float) -> float:
        """Metrics are read as often as a trial reads them, which waits for a GPU."""
        steps, begin, metrics = 0, time.perf_counter(), Returned("train_step")
        while not steps or time.perf_counter() - begin < seconds:
            metrics.add(self._train_step())
            steps += 1
            if steps % self._loop.config.log_every == 0:
                metrics.means()
                metrics = Returned("train_step")
        metrics.means()
        return steps / (time.perf_counter() - begin)

    def _train_step(self) -> Mapping[str, Any]:
        if self._step == self._loop.config.steps:
            self._loop.close()
            self._loop, self._step = self._make(), 0
        self._step += 1
        return self._loop.trainer.train_step()

    def seconds_of(self, *verbs: str) -> float:
        """What these calls of the trainer take."""
        begin = time.perf_counter()
        for verb in verbs:
            getattr(self._loop.trainer, verb)()
        return time.perf_counter() - begin


def _meet(folder: Path, count: int) -> None:
    """Wait until so many processes have come here.

    Raises:
        TimeoutError: some have not.
    """
    (folder / f"ready-{os.getpid()}").touch()
    until = time.monotonic() + STARTS_S
    while len([*folder.glob("ready-*")]) < count:
        if time.monotonic() > until:
            raise TimeoutError("the others did not begin")
        time.sleep(0.01)
