"""How long the demonstrations take, and how often the expert succeeds.

    python -m benchmarks.demos [--episodes 40] [--task transfer_cube] [--domains source target]

The target is 40 episodes with one camera within 40 s on two cores.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from ilsweep.trainers.envs.aloha.config import DataConfig
from ilsweep.trainers.envs.aloha.recording import record


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
        recorded, work = _seconds(config, Path(folder))
        loaded, _ = _seconds(config, Path(folder))
    print(f"{config.task}, {config.episodes} episodes, {config.cameras}, {config.domains}:")
    print(
        f"  recorded in {recorded:.1f} s on {os.cpu_count()} cores ({work:.1f} s of processor time)"
    )
    print(f"  loaded again in {loaded:.3f} s")
    blind = config.model_copy(update={"observation": "state"})
    start = time.perf_counter()
    attempts = [record(blind, "source", seed) for seed in range(args.attempts)]
    seconds = (time.perf_counter() - start) / args.attempts
    successes = sum(attempt is not None for attempt in attempts)
    print(f"  expert: {successes} of {args.attempts} succeed, {seconds:.2f} s an attempt")


def _seconds(config: DataConfig, folder: Path) -> tuple[float, float]:
    """Wall time and processor time, children included, of loading; s."""
    start, before = time.perf_counter(), os.times()
    loaded = config.load(folder)
    took, work = time.perf_counter() - start, sum(os.times()[:4]) - sum(before[:4])
    episodes = len(loaded.source.episode_starts) - 1
    if episodes != config.episodes:
        raise SystemExit(f"{episodes} episodes where {config.episodes} were asked for")
    return took, work


if __name__ == "__main__":
    main()
