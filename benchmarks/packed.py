"""Trainings that share a GPU, as trials with `resources: {cpu: 1, gpu: 1/N}` do, beside one alone.

    python -m benchmarks.packed [--trainings 16] [--seconds 4] [NAME ...]

One process a training, as a trial has it, with one thread. First one process, then N that take
turns, then N under NVIDIA's Multi-Process Service, where it is there: what they do together is
given over what one does alone. Every process ends with a finite loss, or there is no row.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import queue
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from ilsweep.sweeps.validation.resources import MPS
from ilsweep.trainers.core.registry import load
from ilsweep.trainers.envs.aloha.config import DataConfig

CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bc": ("bc", "state", {}),
    "act": ("act", "state", {}),
    "act-images": ("act", "images", {}),
    "rdt": ("rdt", "state", {}),
    "reflow": ("reflow", "state", {"teacher_steps": 1}),
}
"""Trainer, observation, and what differs from its defaults."""
WARM_UP_STEPS = 20
STARTS_S = 120


def main() -> None:
    """Print one row a case."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CASES)}")
    parser.add_argument("--trainings", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=4.0, help="measured, of each")
    args = parser.parse_args()
    names = args.names or list(CASES)
    if not torch.cuda.is_available():
        raise SystemExit("no GPU here")
    print(f"{torch.cuda.get_device_name()}, {os.cpu_count()} CPUs, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        for name in names:
            _data(name, cache)  # recorded once, for all processes
        alone = _steps_a_second(names, 1, args.seconds, cache)
        turns = _steps_a_second(names, args.trainings, args.seconds, cache)
        together: list[float] = []
        if shutil.which(MPS):
            with multi_process_service(cache):
                together = _steps_a_second(names, args.trainings, args.seconds, cache)
    print(f"{'':<12} {'alone':>9} {f'{args.trainings} in turns':>18} {'at once':>18}   steps/s")
    for row, name in enumerate(names):
        many = [f"{each[row]:.0f} ({each[row] / alone[row]:.1f} x)" for each in (turns, together)]
        print(f"{name:<12} {alone[row]:>9.1f} " + " ".join(f"{each:>18}" for each in many))


@contextmanager
def multi_process_service(folder: Path) -> Iterator[None]:
    """NVIDIA's service, for the processes that are started within."""
    own = {
        "CUDA_MPS_PIPE_DIRECTORY": str(folder / "mps"),
        "CUDA_MPS_LOG_DIRECTORY": str(folder / "mps-log"),
    }
    for path in own.values():
        Path(path).mkdir()
    os.environ.update(own)
    subprocess.run([MPS, "-d"], check=True)
    try:
        yield
    finally:
        subprocess.run([MPS], input="quit\n", text=True, check=True, stdout=subprocess.DEVNULL)
        for name in own:
            del os.environ[name]


def _steps_a_second(names: list[str], count: int, seconds: float, cache: Path) -> list[float]:
    """What so many processes do together, a number a case."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(count), context.Queue()
    processes = [
        context.Process(target=_measure, args=(names, seed, seconds, cache, barrier, results))
        for seed in range(count)
    ]
    for process in processes:
        process.start()
    try:
        found = [results.get(timeout=STARTS_S + 4 * seconds * len(names)) for _ in processes]
    except queue.Empty:
        raise SystemExit("a process has ended without a result") from None
    for process in processes:
        process.join()
    return [sum(each) for each in zip(*found, strict=True)]


def _measure(
    names: list[str], seed: int, seconds: float, cache: Path, barrier: Any, results: Any
) -> None:
    """Put this process's steps a second of each case."""
    torch.set_num_threads(1)
    results.put([_rate(name, seed, seconds, cache, barrier) for name in names])


def _rate(name: str, seed: int, seconds: float, cache: Path, barrier: Any) -> float:
    kind = load(CASES[name][0])
    trainer = kind(kind.Config(**CASES[name][2]), _data(name, cache), seed=seed, device="cuda")
    for _ in range(WARM_UP_STEPS):
        trainer.train_step()
    torch.cuda.synchronize()
    barrier.wait(STARTS_S)
    steps, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        metrics = trainer.train_step()
        steps += 1
        if steps % 10 == 0:  # as a report does
            torch.cuda.synchronize()
    torch.cuda.synchronize()
    took = time.perf_counter() - begin
    if not math.isfinite(float(metrics["train/loss"])):
        raise ValueError(f"{name}: the loss is not finite, so that its time says nothing")
    return steps / took


def _data(name: str, cache: Path) -> Any:
    config = DataConfig.model_validate(
        {"episodes": 8, "image_size": (64, 80), "observation": CASES[name][1]}
    )
    return config.load(cache)


if __name__ == "__main__":
    main()
