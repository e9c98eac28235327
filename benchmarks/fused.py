"""Seeds of one configuration trained as one program, beside one after the other.

    python -m benchmarks.fused [--seeds 4] [--steps 30] [--device cpu] [NAME ...]

Both sides take the same steps of AdamW on the same batches from the same weights. The program is
PyTorch's own way ("Model ensembling", torch.func): the nets' weights are stacked, `vmap` maps the
trainer's loss over them. Prints the ratio of processor times, of some rounds in turn (of a GPU's
seconds), and ends with a line where a loss that draws no numbers differs by more than `TOLERANCE`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from ilsweep.trainers.core.registry import load
from ilsweep.trainers.envs.aloha.config import DataConfig

CASES: dict[str, tuple[str, str]] = {
    "bc": ("bc", "state"),
    "act": ("act", "state"),
    "act-images": ("act", "images"),
}
"""Trainer and observation. RDT and reflow draw numbers by generators that vmap cannot follow."""
DRAWS_NOTHING = ("bc",)
TOLERANCE = 1e-4
"""Largest difference of the two sides' losses after all steps, over their mean."""
ROUNDS = 5
RATE = 1e-4


class Loss(nn.Module):
    """A trainer's loss of a batch as a module over its net."""

    def __init__(self, trainer: Any) -> None:
        super().__init__()
        self.net = trainer.net
        self._trainer = [trainer]  # no submodule

    def forward(self, batch: Any) -> Tensor:
        loss: Tensor = self._trainer[0].loss(batch)[0]
        return loss


class Separate:
    """One net after the other."""

    def __init__(self, trainers: list[Any]) -> None:
        self.losses = [Loss(trainer) for trainer in trainers]
        self.optimizers = [_adamw(list(loss.parameters())) for loss in self.losses]

    def step(self, batches: list[Any]) -> Tensor:
        """One step of each; their losses (K,)."""
        found = []
        for loss, optimizer, batch in zip(self.losses, self.optimizers, batches, strict=True):
            value = loss(batch)
            optimizer.zero_grad()
            torch.autograd.backward(value)
            optimizer.step()
            found.append(value.detach())
        return torch.stack(found)


class Fused:
    """All nets at once."""

    def __init__(self, trainers: list[Any]) -> None:
        losses = [Loss(trainer) for trainer in trainers]
        self.base = losses[0]
        self.weights, self.buffers = stack_module_state(losses)
        self.optimizer = _adamw(list(self.weights.values()))

    def step(self, batches: list[Any]) -> Tensor:
        """One step of each; their losses (K,)."""
        columns: list[list[Tensor]] = []
        for batch in batches:
            row: list[Tensor] = []
            build = _taken_apart(batch, row)
            columns.append(row)

        def one(weights: Any, buffers: Any, *tensors: Tensor) -> Tensor:
            value: Tensor = functional_call(self.base, (weights, buffers), (build(iter(tensors)),))
            return value

        stacked = [torch.stack(parts) for parts in zip(*columns, strict=True)]
        values = vmap(one, randomness="different")(self.weights, self.buffers, *stacked)
        self.optimizer.zero_grad()
        torch.autograd.backward(values.sum())
        self.optimizer.step()
        return values.detach()


def _adamw(weights: list[Any]) -> torch.optim.Optimizer:
    return torch.optim.AdamW(weights, RATE, fused=True)


def _taken_apart(batch: Any, tensors: list[Tensor]) -> Callable[[Iterator[Tensor]], Any]:
    """Adds a batch's tensors to a list; gives what builds such a batch of others."""
    if isinstance(batch, Tensor):
        tensors.append(batch)
        return next
    if is_dataclass(batch) and not isinstance(batch, type):
        parts = {f.name: _taken_apart(getattr(batch, f.name), tensors) for f in fields(batch)}
        return lambda left: type(batch)(**{name: build(left) for name, build in parts.items()})
    if isinstance(batch, tuple):
        each = [_taken_apart(part, tensors) for part in batch]
        return lambda left: tuple(build(left) for build in each)
    return lambda left: batch


def main() -> None:
    """Print one row a case."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CASES)}")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--steps", type=int, default=30, help="of each round")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="There is a performance drop")
    print(f"{args.seeds} seeds, one thread, {args.device}, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as cache:
        for name in args.names or CASES:
            _row(name, args.seeds, args.steps, args.device, Path(cache))


def _row(name: str, seeds: int, steps: int, device: str, cache: Path) -> None:
    trainer, observation = CASES[name]
    data = DataConfig(episodes=8, image_size=(64, 80), observation=observation).load(cache)

    def made() -> list[Any]:
        kind = load(trainer)
        return [kind(kind.Config(), data, seed=seed, device=device) for seed in range(seeds)]

    drawn = made()
    sides = Separate(made()), Fused(made())
    times: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        batches = [[trainer.sample() for trainer in drawn] for _ in range(steps)]
        (slow, mine), (fast, theirs) = (_timed(side, batches, device) for side in sides)
        times.append((slow, fast))
    off = float(((mine - theirs).abs() / mine.abs()).max())
    if name in DRAWS_NOTHING and off > TOLERANCE:
        raise SystemExit(f"{name}: the losses differ by {off:.2g}, so that the times say nothing")
    ratios = sorted(slow / fast for slow, fast in times)
    milliseconds = 1000 * statistics.median(slow for slow, _ in times) / steps / seeds
    print(
        f"{name:<12} {milliseconds:6.1f} ms a step alone; fused is {statistics.median(ratios):.2f} "
        f"times as fast [{ratios[0]:.2f}, {ratios[-1]:.2f}]",
        flush=True,
    )


def _timed(side: Separate | Fused, batches: list[Any], device: str) -> tuple[float, Tensor]:
    """Seconds that the steps take, and the last losses."""
    cuda = device.startswith("cuda")
    clock = time.perf_counter if cuda else time.process_time
    begin = clock()
    for batch in batches:
        losses = side.step(batch)
    if cuda:
        torch.cuda.synchronize()
    return clock() - begin, losses


if __name__ == "__main__":
    main()
