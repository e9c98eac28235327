"""Optimiser steps a second of each trainer, beside a bare loop, and the share that data takes.

    python -m benchmarks.trainers [--threads 1] [--seconds 10] [--device cpu] [NAME ...]

Every ready trainer with its defaults, on demonstrations of gym-aloha with one camera; and ACT at
the size at which LeRobot's ACT (0.6.1) took 0.22 s a step on two cores: batch 8, one 96 x 128
camera, width 128, ResNet-18. The target is a share of data of at most 5 %.

The bare loop is PyTorch's own: the loss of one batch that lies ready, its gradient, the optimiser's
step, and nothing else. Both sides take steps in turn.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from ilsweep.trainers.core.registry import TRAINERS, load
from ilsweep.trainers.envs.aloha.config import DataConfig
from ilsweep.trainers.training.supervised import SupervisedTrainer

LEROBOT_SIZE: dict[str, Any] = {
    "batch_size": 8,
    "chunk_size": 100,
    "dim": 128,
    "heads": 8,
    "feedforward": 3200,
    "encoder_layers": 4,
    "decoder_layers": 1,
    "dropout": 0.1,
    "backbone_width": 64,
    "backbone_stride": 32,
}
"""LeRobot's defaults of ACT, but for the width."""
PARAMS: dict[str, dict[str, Any]] = {"reflow": {"teacher_steps": 1}}
"""What differs from the defaults: the teacher is made before the steps that are measured."""
WARM_UP_STEPS = 5
TURN = 5


def main() -> None:
    """Print one row a trainer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="trainers; all by default")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10.0, help="measured, per trainer")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f"{args.threads} thread(s), {args.device}, torch {torch.__version__}")
    print(f"{'trainer':<30} {'steps/s':>8} {'ms/step':>8} {'data':>7} {'over bare':>10}")
    with tempfile.TemporaryDirectory() as cache:
        for name in args.names or sorted(TRAINERS):
            trainer = made(name, PARAMS.get(name, {}), (64, 80), Path(cache), args.device)
            _row(name, trainer, args.seconds)
        if not args.names or "act" in args.names:
            for precision in ("float32", "bf16"):
                params = {**LEROBOT_SIZE, "precision": precision}
                trainer = made("act", params, (96, 128), Path(cache), args.device)
                _row(f"act at LeRobot's size, {precision}", trainer, args.seconds)


def made(
    name: str, params: dict[str, Any], image_size: tuple[int, int], cache: Path, device: str
) -> SupervisedTrainer[Any, Any, Any]:
    """A trainer on demonstrations of gym-aloha in two domains."""
    domains = ("source", "target")
    data = DataConfig(episodes=8, image_size=image_size, domains=domains).load(cache)
    kind = load(name)
    trainer = kind(kind.Config(**params), data, seed=0, device=device)
    assert isinstance(trainer, SupervisedTrainer)
    return trainer


def _row(label: str, trainer: SupervisedTrainer[Any, Any, Any], seconds: float) -> None:
    for _ in range(WARM_UP_STEPS):
        trainer.train_step()
    waited, steps, took, bare = 0.0, 0, 0.0, 0.0
    batch = trainer.sample()
    while took < seconds:
        begin = time.perf_counter()
        for _ in range(TURN):
            metrics = trainer.train_step()
            waited += float(metrics["train/dataloading_s"])
        _synchronise(trainer.device)
        middle = time.perf_counter()
        for _ in range(TURN):
            _bare_step(trainer, batch)
        _synchronise(trainer.device)
        steps, took, bare = steps + TURN, took + middle - begin, bare + time.perf_counter() - middle
    if not math.isfinite(float(metrics["train/loss"])):
        raise SystemExit(f"{label}: the loss is not finite, so that its time says nothing")
    print(
        f"{label:<30} {steps / took:>8.1f} {1000 * took / steps:>8.1f} {waited / took:>7.1%} "
        f"{took / bare:>10.2f}",
        flush=True,
    )


def _bare_step(trainer: SupervisedTrainer[Any, Any, Any], batch: Any) -> None:
    with trainer.autocast():
        loss, _ = trainer.loss(batch)
    trainer.optimizer.zero_grad()
    torch.autograd.backward(loss)
    trainer.optimizer.step()


def _synchronise(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
