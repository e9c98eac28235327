"""Does the analysis keep its promises? `python -m benchmarks.calibrate [SHARE]` (`make calibrate`).

Made-up sweeps whose truth is known go through the real ranking and the real verdicts. Each line is
a promise (`docs/promises.md`), the rate that was seen with its 95 % interval (Clopper-Pearson; of a
mean, normal), and whether the interval is compatible with the promise. Exit status 1 where one is
not. SHARE (1) scales the number of sweeps.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.calibration.ranking import ranking_promises
from benchmarks.calibration.sweeps import Promise
from benchmarks.calibration.verdicts import duels, verdict_promises
from ilsweep.analysis.stats.intervals_and_tests import clopper_pearson


def promises() -> Iterator[Promise]:
    yield from ranking_promises()
    yield from verdict_promises()
    yield Promise("equal policies: any of three decided by fresh episodes", 0, 0.05, 150, duels)


def estimate(promise: Promise, told: list[float]) -> tuple[float, float, float]:
    """What was seen, and its interval."""
    if not promise.points:
        seen = clopper_pearson(round(sum(told)), len(told))
        return sum(told) / max(len(told), 1), seen.low, seen.high
    middle, error = float(np.mean(told)), float(np.std(told)) / len(told) ** 0.5
    return middle, middle - 1.96 * error, middle + 1.96 * error


def line(promise: Promise, seed: int, share: float) -> tuple[str, bool]:
    """The promise's line of the table, and whether it is kept."""
    rng = np.random.default_rng(seed)
    sweeps = max(20, round(share * promise.sweeps))
    told = [
        float(found) for found in (promise.case(rng) for _ in range(sweeps)) if found is not None
    ]
    seen, low, high = estimate(promise, told)
    kept = low <= promise.most and high >= promise.least
    scale = 1 if promise.points else 100
    least, most = scale * promise.least, scale * promise.most
    if promise.points or (least and most < 100):
        bounds = f"{least:g} to {most:g}"
    else:
        bounds = f"at least {least:g}" if least else f"at most {most:g}"
    interval = f"{scale * seen:.1f} [{scale * low:.1f}, {scale * high:.1f}]"
    word = "kept" if kept else "BROKEN"
    return f"| {promise.what} | {bounds} | {interval} | {len(told)} | {word} |", kept


def main(share: float) -> int:
    began, broken = time.monotonic(), 0
    print("| promise | % or points | seen [95 %] | sweeps | |\n|---|---|---|---|---|")
    for seed, promise in enumerate(promises()):
        text, kept = line(promise, seed, share)
        broken += not kept
        print(text, flush=True)
    print(f"\n{broken} broken; {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("share", type=float, nargs="?", default=1.0, metavar="SHARE")
    sys.exit(main(parser.parse_args().share))
