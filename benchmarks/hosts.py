"""What hosts cost: the same sweep on two worker hosts and on one machine with as many slots.

As root on Linux, with sshd and rsync. The hosts are network namespaces of this machine, so that
both ways share the same cores; `ray up` and the shipped cluster.yaml bring them up, the head
without a slot. Wall time is what a user waits for: from `submit` to the reports at home, from `run`
to its end. Before that, with the head training too, as shipped: the time from the end of `ray up`
to the first trial.

    python -m benchmarks.hosts [--trials 64] [--seconds 2]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.orchestration import SLOTS, span, spec, steps_for
from tests.cluster.hosts import ROOT, missing
from tests.cluster.lab import ADDRESS, Cluster, started


def one_slot_each(config: dict[str, Any]) -> None:
    """One CPU for trials on each worker, none on the head."""
    for key, cpus in (("head_start_ray_commands", 0), ("worker_start_ray_commands", 1)):
        config[key] = [line.replace("ray start ", f"ray start --num-cpus={cpus} ")
                       for line in config[key]]  # fmt: skip


def submitted(cluster: Cluster, spec_path: Path, name: str) -> Path:
    """A sweep's folder at home, after it ran on the cluster."""
    cluster.wait_for_tunnel()
    done = cluster.ilsweep("submit", spec_path, "--address", ADDRESS, "--name", name,
                           "--storage", spec_path.parent / "home", folder=ROOT)  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return spec_path.parent / "home" / name


def first_start(root: Path) -> datetime:
    return min(datetime.fromisoformat(json.loads(path.read_text())["started"])
               for path in root.glob("trials/*/record.json"))  # fmt: skip


def until_first_trial(folder: Path) -> None:
    path = folder / "first.yaml"
    path.write_text(spec(steps_for(1.0), 2))
    with started(3, folder / "hosts0") as cluster:
        up_at = datetime.now(UTC)
        root = submitted(cluster, path, "first")
        waited = (first_start(root) - up_at).total_seconds()
        print(f"ray up: {cluster.up_s:.1f} s; from its end to the first trial: {waited:.1f} s")
        cluster.down()


def compare(folder: Path, number: int, seconds: float) -> None:
    steps = steps_for(seconds)
    path = folder / "bench.yaml"
    path.write_text(spec(steps, number))
    print(f"{number} trials of {steps} steps (about {seconds:g} s), {SLOTS} at a time")
    began = time.perf_counter()
    line = [sys.executable, "-m", "sweeps.cli", "run", str(path), "--storage", str(folder)]
    subprocess.run(line, check=True, capture_output=True)
    here, here_span = time.perf_counter() - began, span(folder / "bench")
    print(f"{'one machine':<18}{here:>8.1f} s{here_span:>8.1f} s from first start to last end")
    with started(SLOTS + 1, folder / "hosts1", one_slot_each) as cluster:
        cluster.wait_for_workers()
        began = time.perf_counter()
        root = submitted(cluster, path, "bench")
        there, there_span = time.perf_counter() - began, span(root)
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
        folder = Path(made)
        for name in ("hosts0", "hosts1"):
            (folder / name).mkdir()
        until_first_trial(folder)
        compare(folder, args.trials, args.seconds)


if __name__ == "__main__":
    main()
