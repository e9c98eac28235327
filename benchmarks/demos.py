"""How long the demonstrations take, and how often the expert succeeds.

    python benchmarks/demos.py [--episodes 40] [--task transfer_cube] [--domains source target]

The target is 40 episodes with one camera within 40 s on two cores.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from trainers.data.aloha import load
from trainers.data.dataset import DataConfig
from trainers.data.recording import record


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--task", default="transfer_cube")
    parser.add_argument("--domains", nargs="+", default=["source"])
    parser.add_argument("--attempts", type=int, default=50, help="to measure the success rate")
    args = parser.parse_args()
    config = DataConfig.model_validate(
        {"task": args.task, "episodes": args.episodes, "domains": args.domains}
    )
    with tempfile.TemporaryDirectory() as folder:
        recorded = _seconds(config, Path(folder))
        loaded = _seconds(config, Path(folder))
    print(f"{config.task}, {config.episodes} episodes, {config.cameras}, {config.domains}:")
    print(f"  recorded in {recorded:.1f} s on {os.cpu_count()} cores, loaded in {loaded:.3f} s")
    blind = config.model_copy(update={"observation": "state"})
    start = time.perf_counter()
    attempts = record(blind, "source", tuple(range(args.attempts)))
    seconds = (time.perf_counter() - start) / args.attempts
    successes = sum(attempt is not None for attempt in attempts)
    print(f"  expert: {successes} of {args.attempts} succeed, {seconds:.2f} s an attempt")


def _seconds(config: DataConfig, folder: Path) -> float:
    start = time.perf_counter()
    load(config, folder)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
