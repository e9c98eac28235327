"""What films cost a trial: `python -m benchmarks.films [--spec FILE] [--set A=B] [--rounds N]`.

Trains the first configuration of a spec with films and without, in turn, the same steps and
episodes, one thread. Prints seconds, processor seconds and films of each, and the median ratio of a
round. Films are bounded by a share of the trial's time, so a short trial has few.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
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


def trained(plan: Plan, share: float) -> tuple[float, float, int]:
    """Seconds and processor seconds of a trial, and its films.

    Args:
        share: Of the trial's time, for films.
    """
    trial = plan.trial(plan.ends()[0], 0, "c0000")
    log = partial(EpisodeLog, share=share)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(supervised, "EpisodeLog", log):
        loop = TrainingLoop(plan.spec.trainer, trial, CheckpointFolder(Path(folder)))
        began, cpu = time.perf_counter(), time.process_time()
        while not loop.finished:
            loop.train_to_report()
        took = time.perf_counter() - began, time.process_time() - cpu
        loop.close()
    return *took, sum(bool(episode.film) for episode in loop.episodes)


def main() -> None:
    parser = argparse.ArgumentParser(description="What films cost a trial.")
    parser.add_argument("--spec", type=Path, default=SPEC)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE")
    args = parser.parse_args()
    torch.set_num_threads(1)
    plan = load_spec(args.spec, args.set)
    trained(plan, SHARE)  # imports, demonstrations, compilers
    print("round   with s   cpu s  films  without s   cpu s  films   ratio   of cpu")
    ratios = []
    for number in range(args.rounds):
        shares = (SHARE, 0.0) if number % 2 else (0.0, SHARE)
        found = dict(zip(shares, (trained(plan, share) for share in shares), strict=True))
        (wall, cpu, films), (bare_wall, bare_cpu, none) = found[SHARE], found[0.0]
        ratios.append((wall / bare_wall, cpu / bare_cpu))
        print(f"{number:5d} {wall:8.1f} {cpu:7.1f} {films:6d} {bare_wall:10.1f} {bare_cpu:7.1f} "
              f"{none:6d} {ratios[-1][0]:7.3f} {ratios[-1][1]:8.3f}", flush=True)  # fmt: skip
    wall, cpu = (statistics.median(each) for each in zip(*ratios, strict=True))
    print(f"median ratio {wall:.3f}, of processor time {cpu:.3f}")


if __name__ == "__main__":
    main()
