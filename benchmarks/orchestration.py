"""What orchestration costs: the same trials by bare loops, Optuna, Ray Tune and ilsweep.

Every way (benchmarks/ways.py) trains the same networks for the same number of steps, with ten
reports a trial, two trials at a time, one thread each. Wall time includes start and end of the
whole process. A way whose trials did not all end well, with all their reports and the very numbers
of the other ways, ends the benchmark with a line that says so.

    python -m benchmarks.orchestration [--trials 64] [--seconds 2] [--rounds 3] [--only floor,ray]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.ways import SLOTS, WAYS, Way, run_floor, written
from benchmarks.work import REPORTS, NotDone, Work, prove, span


def measure(way: Way, work: Work, expected: dict[float, float]) -> tuple[float, float]:
    """Wall seconds of a way, and those from its first trial's start to its last one's end.

    `expected` holds the result of each learning rate, and takes those of the first way.

    Raises:
        NotDone: its trials did not all end well, or with other numbers.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        folder = Path(made)
        began = time.perf_counter()
        way.run(work, folder)
        wall = time.perf_counter() - began
        ended = way.outcome(folder)
    found = prove(work, ended)
    for rate, result in found.items():
        if expected.setdefault(rate, result) != result:
            raise NotDone(f"rate {rate} ended with {result}, with {expected[rate]} another way")
    return wall, span(ended)


def steps_for(seconds: float) -> int:
    """Steps that take so long while every slot is busy, a multiple of REPORTS."""
    tried = Work(SLOTS, 2000)
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        run_floor(tried, Path(made))
        took = max(trial.ended - trial.began for trial in written(Path(made)))
    return max(round(tried.steps * seconds / took / REPORTS), 1) * REPORTS


def compare(work: Work, ways: Mapping[str, Way], rounds: int) -> None:
    """Print a table: medians over the rounds, ratios to the first way of the same round.

    Raises:
        NotDone: a way did not do its work.
    """
    expected: dict[float, float] = {}
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            try:
                took[name].append(measure(way, work, expected))
            except NotDone as error:
                raise NotDone(f"{name} did not do its work: {error}") from None
            print(f"  {name}: {took[name][-1][0]:.1f} s", file=sys.stderr, flush=True)
    first = next(iter(ways))
    print(f"{work.trials} of {work.trials} trials completed with all reports in each way, {rounds} "
          "round(s), the same results to the last bit")  # fmt: skip
    print(f"{'way':<16}{'wall s':>8}{f'over {first}':>14}{'first start to last end, over it':>34}")
    for name, pairs in took.items():
        walls, spans = ([pair[i] for pair in pairs] for i in (0, 1))
        base = took[first]
        over = statistics.median(a / b[0] for a, b in zip(walls, base, strict=True))
        inner = statistics.median(a / b[1] for a, b in zip(spans, base, strict=True))
        print(f"{name:<16}{statistics.median(walls):>8.1f}{over:>14.3f}{inner:>34.3f}")


def main() -> None:
    """Print the table; ends with a line and status 1 where a way did not do its work."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one trial, about")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(WAYS), help=", ".join(WAYS))
    args = parser.parse_args()
    names = args.only.split(",")
    if unknown := [name for name in names if name not in WAYS]:
        parser.error(f"--only: unknown {', '.join(unknown)}; valid: {', '.join(WAYS)}")
    try:
        work = Work(args.trials, steps_for(args.seconds))
        print(f"{work.trials} trials of {work.steps} steps (about {args.seconds:g} s), "
              f"{SLOTS} at a time")  # fmt: skip
        compare(work, {name: WAYS[name] for name in names}, args.rounds)
    except NotDone as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
