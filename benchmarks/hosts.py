"""What hosts cost: the same sweep on two worker hosts and on one machine with as many slots.

As root on Linux, with sshd and rsync. The hosts are network namespaces of this machine, so that
both ways share the same cores; `ray up` and the shipped cluster.yaml bring them up, the head
without a slot. Wall time is what a user waits for: from `submit` to the reports at home, from `run`
to its end. Before that, with the head training too, as shipped: the time from the end of `ray up`
to the first trial. Trials that did not all end well end the benchmark with a line.

    python -m benchmarks.hosts [--trials 64] [--seconds 2]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.orchestration import steps_for
from benchmarks.ways import SLOTS, WAYS, ilsweep_outcome, spec
from benchmarks.work import Ended, NotDone, Work, prove, span
from tests.cluster.hosts import ROOT, missing
from tests.cluster.lab import ADDRESS, Cluster, started


def one_slot_each(config: dict[str, Any]) -> None:
    """One CPU for trials on each worker, none on the head."""
    for key, cpus in (("head_start_ray_commands", 0), ("worker_start_ray_commands", 1)):
        config[key] = [line.replace("ray start ", f"ray start --num-cpus={cpus} ")
                       for line in config[key]]  # fmt: skip


def submitted(cluster: Cluster, work: Work, folder: Path) -> float:
    """Seconds from `submit` to the reports at home, under `folder`."""
    path = folder / "bench.yaml"
    path.write_text(spec(work))
    cluster.wait_for_tunnel()
    began = time.perf_counter()
    done = cluster.ilsweep("submit", path, "--address", ADDRESS, "--storage", folder, folder=ROOT)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - began


def ended_well(work: Work, folder: Path) -> list[Ended]:
    """The trials of the sweep under `folder`.

    Raises:
        NotDone: they did not all end well.
    """
    ended = ilsweep_outcome(folder)
    prove(work, ended)
    return ended


def until_first_trial(folder: Path) -> None:
    work = Work(2, steps_for(1.0))
    with started(3, folder) as cluster:
        up_at = time.time()
        submitted(cluster, work, folder)
        waited = min(trial.began for trial in ended_well(work, folder)) - up_at
        print(f"ray up: {cluster.up_s:.1f} s; from its end to the first trial: {waited:.1f} s")
        cluster.down()


def compare(number: int, seconds: float, here_folder: Path, there_folder: Path) -> None:
    work = Work(number, steps_for(seconds))
    print(f"{number} trials of {work.steps} steps (about {seconds:g} s), {SLOTS} at a time")
    began = time.perf_counter()
    WAYS["ilsweep"].run(work, here_folder)
    here, here_span = time.perf_counter() - began, span(ended_well(work, here_folder))
    print(f"{'one machine':<18}{here:>8.1f} s{here_span:>8.1f} s from first start to last end")
    with started(SLOTS + 1, there_folder, one_slot_each) as cluster:
        cluster.wait_for_workers()
        there = submitted(cluster, work, there_folder)
        there_span = span(ended_well(work, there_folder))
        print(f"{'two worker hosts':<18}{there:>8.1f} s{there_span:>8.1f} s")
        print(f"{'ratio':<18}{there / here:>8.3f}  {there_span / here_span:>8.3f}")
        cluster.down()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=2.0)
    args = parser.parse_args()
    if reason := missing():
        raise SystemExit(reason)
    with tempfile.TemporaryDirectory(prefix="ilsweep-") as made:
        first, here, there = (Path(made) / name for name in ("first", "here", "there"))
        for folder in (first, here, there):
            folder.mkdir()
        try:
            until_first_trial(first)
            compare(args.trials, args.seconds, here, there)
        except NotDone as error:
            raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
