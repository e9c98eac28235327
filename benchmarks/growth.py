"""What a trial costs in a sweep of many: trials that do next to nothing, by tenths of the sweep.

    python -m benchmarks.growth [--trials 10000]

One sweep as a user runs it, with its records, wandb runs and reports. Seconds a trial in each tenth
over those in the first: 1 throughout where the cost does not grow with what has been done. Ends
with a line where a trial did not complete with all its reports.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from pathlib import Path

from benchmarks.ways import ilsweep_outcome, run_ilsweep
from benchmarks.work import REPORTS, NotDone, Work, prove

PARTS = 10


def main() -> None:
    """Print a row a tenth."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=10_000, help="a multiple of 10")
    trials: int = parser.parse_args().trials
    if trials < PARTS or trials % PARTS:
        parser.error(f"--trials: must be a multiple of {PARTS}, got {trials}")
    work = Work(trials, REPORTS)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        began = time.time()
        run_ilsweep(work, Path(folder))
        over = time.time()
        found = ilsweep_outcome(Path(folder))
    try:
        prove(work, found)
    except NotDone as error:
        raise SystemExit(f"the sweep did not do its work: {error}") from None
    ends = sorted(trial.ended for trial in found)
    size = trials // PARTS
    first = min(trial.began for trial in found)
    marks = [first, *ends[size - 1 :: size]]
    spans = [later - earlier for earlier, later in itertools.pairwise(marks)]
    print(
        f"{trials} trials of {REPORTS} reports: {over - began:.0f} s, of which "
        f"{first - began:.1f} s before the first and {over - ends[-1]:.1f} s after the last"
    )
    for part, span in enumerate(spans):
        done = f"{part * size + 1} to {(part + 1) * size}"
        print(f"{done:<16} {1000 * span / size:7.1f} ms a trial {span / spans[0]:7.2f}")


if __name__ == "__main__":
    main()
