"""What films cost a trial: `python -m benchmarks.films [--spec FILE] [--set A=B] [--rounds N]`.

Trains the first configuration of a spec with films and without, in turn, the same steps and
episodes, one thread. Prints seconds, processor seconds, films, and what the episode log counted for
them; then the medians over the rounds. Films are bounded by a share of the trial's time, so a short
trial has few.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest import mock

import torch

from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store.checkpoints import CheckpointFolder
from ilsweep.sweeps.validation.validate import load_spec
from ilsweep.sweeps.worker.training_loop import TrainingLoop
from ilsweep.trainers.evaluation.episodes import SHARE, EpisodeLog
from ilsweep.trainers.training import supervised

SPEC = Path(__file__).parents[1] / "sweeps/specs/act_ot_dial_turn.yaml"


@dataclass(frozen=True)
class Trial:
    """What a trial took, in seconds, and its films."""

    wall: float
    cpu: float
    films: int
    counted: float
    """What its episode log counted for films."""


def trained(plan: Plan, share: float) -> Trial:
    """Train to the end, with episodes; films may take a share of the time."""
    trial = plan.trial(plan.ends()[0], 0, "c0000")
    log = partial(EpisodeLog, share=share)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(supervised, "EpisodeLog", log):
        loop = TrainingLoop(plan.spec.trainer, trial, CheckpointFolder(Path(folder)))
        assert isinstance(loop.trainer, supervised.SupervisedTrainer)
        began, cpu = time.perf_counter(), time.process_time()
        while not loop.finished:
            loop.train_to_report()
        took = time.perf_counter() - began, time.process_time() - cpu
        loop.close()
    films = sum(bool(episode.film) for episode in loop.episodes)
    return Trial(*took, films, loop.trainer.log.spent)


def main() -> None:
    parser = argparse.ArgumentParser(description="What films cost a trial.")
    parser.add_argument("--spec", type=Path, default=SPEC)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE")
    args = parser.parse_args()
    torch.set_num_threads(1)
    plan = load_spec(args.spec, args.set)
    trained(plan, SHARE)  # imports, demonstrations
    print("round  films  with s   cpu s  counted  without s   cpu s   ratio  of cpu  counted %")
    rounds = []
    for number in range(args.rounds):
        shares = (SHARE, 0.0) if number % 2 else (0.0, SHARE)
        found = {share: trained(plan, share) for share in shares}
        filmed, bare = found[SHARE], found[0.0]
        rounds.append((filmed.wall / bare.wall, filmed.cpu / bare.cpu,
                       100 * filmed.counted / filmed.wall))  # fmt: skip
        print(f"{number:5d} {filmed.films:6d} {filmed.wall:7.1f} {filmed.cpu:7.1f} "
              f"{filmed.counted:8.2f} {bare.wall:10.1f} {bare.cpu:7.1f} {rounds[-1][0]:7.3f} "
              f"{rounds[-1][1]:7.3f} {rounds[-1][2]:9.2f}", flush=True)  # fmt: skip
    wall, cpu, counted = (statistics.median(each) for each in zip(*rounds, strict=True))
    print(f"medians: ratio {wall:.3f}, of processor time {cpu:.3f}, counted {counted:.2f} %")


if __name__ == "__main__":
    main()
