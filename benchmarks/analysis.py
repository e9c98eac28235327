"""How long the analysis of a large sweep takes: `python -m benchmarks.analysis [TRIALS] [REPORTS]`.

Writes a sweep's folder, then reads it, ranks and diagnoses, and writes the reports. Prints wall
seconds, CPU seconds of all processes together and the largest memory of this one, and the same for
half as many reports, which shows that it is linear in them. Ends with a line where something was
not read, ranked or written: its time would say nothing.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from ilsweep.analysis.analyse import Analysis, analyse
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.report import write_reports

SEEDS = 4


def write_sweep(root: Path, trials: int, reports: int) -> None:
    """A folder as a sweep leaves it: `trials` over `SEEDS` seeds, ten metrics a report."""
    rng = np.random.default_rng(0)
    paths = SweepPaths(root)
    spec = {
        "name": "bench",
        "space": {"lr": {"loguniform": [1e-5, 1e-2]}, "ot.reg": {"choice": [0.5, 1.0, 2.0]}},
        "objective": {"metric": "eval/offline_eval/avg_l1", "mode": "min"},
        "hypotheses": [
            {
                "claim": "A higher rate lowers the error",
                "param": "lr",
                "metric": "eval/offline_eval/avg_l1",
                "expect": "decrease",
            }
        ],
    }
    root.mkdir(parents=True, exist_ok=True)
    paths.manifest.write_text(json.dumps({"spec": spec}))
    steps = 10 * np.arange(1, reports + 1)
    for i in range(trials):
        config, seed = divmod(i, SEEDS)
        lr, reg = 10 ** -(2 + 3 * SEEDS * config / trials), (0.5, 1.0, 2.0)[config % 3]
        trial = paths.trial(f"{i:05d}")
        trial.root.mkdir(parents=True)
        searched = {"lr": lr, "ot.reg": reg}
        params = {"config_id": f"c{config}", "seed": seed, "params": searched, "searched": searched}
        trial.params.write_text(json.dumps(params))
        trial.record.write_text(json.dumps({"state": "completed", "seconds": 60.0}))
        noise = 1 + 0.05 * rng.normal(size=(reports, 9))
        curve = (lr**0.1 + np.exp(-4 * steps / steps[-1]))[:, None] * noise
        names = [
            "train/loss", "train/l1_loss", "train/kld_loss", "train/grad_norm", "train/ot_loss",
            "train/ot_pi_sum", "train/ot_pi_diag", "train/ot_cost/embed", "train/update_s",
        ]  # fmt: skip
        lines = []
        for step, row in zip(steps.tolist(), curve.tolist(), strict=True):
            report = {"step": step, "attempt": 1, **dict(zip(names, row, strict=True))}
            if step % 100 == 0:
                report["eval/offline_eval/avg_l1"] = row[0] * 2
            lines.append(json.dumps(report))
        trial.metrics.write_text("\n".join(lines) + "\n")


def measure(root: Path, trials: int, reports: int) -> tuple[list[float], float, int]:
    """Seconds to read and diagnose, to analyse and to report; CPU seconds in all; findings."""
    times, cpu = [time.perf_counter()], _cpu()
    sweep = read_sweep(root, diagnose=True)
    times.append(time.perf_counter())
    analysis = analyse(sweep)
    times.append(time.perf_counter())
    write_reports(analysis)
    times.append(time.perf_counter())
    cpu = _cpu() - cpu
    _prove(analysis, trials, reports)
    return [b - a for a, b in pairwise(times)], cpu, len(analysis.findings)


def _prove(analysis: Analysis, trials: int, reports: int) -> None:
    """Ends the program where not all was done."""
    sweep, paths = analysis.sweep, analysis.sweep.paths
    lengths = {len(trial.curve("train/loss")) for trial in sweep.trials}
    pictures = list(paths.plots.glob("*.png"))
    written = [path for path in (paths.report("en"), paths.report("zh"), paths.report_json)
               if path.stat().st_size > 1000]  # fmt: skip
    for what, found, wanted in (
        ("trials read", len(sweep.trials), trials),
        ("reports a trial", lengths, {reports}),
        ("trials diagnosed", len(sweep.diagnosed), trials),
        ("configurations ranked", len(analysis.ranking.rows), -(-trials // SEEDS)),
        ("hypotheses judged", len(analysis.hypotheses), 1),
        ("reports written", len(written), 3),
        ("pictures drawn", bool(pictures), True),
    ):
        if found != wanted:
            raise SystemExit(f"{what}: {found} where {wanted} were wanted")


def _cpu() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("trials", type=int, nargs="?", default=10_000, metavar="TRIALS")
    parser.add_argument("reports", type=int, nargs="?", default=200, metavar="REPORTS")
    args = parser.parse_args()
    trials, reports = args.trials, args.reports
    print("  trials  reports   read s  analyse s  report s   wall s    CPU s  findings     GB")
    for count in (reports // 2, reports):
        with tempfile.TemporaryDirectory() as folder:
            write_sweep(Path(folder), trials, count)
            times, cpu, findings = measure(Path(folder), trials, count)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(
            f"{trials:8d} {count:8d} {times[0]:8.2f} {times[1]:10.2f} {times[2]:9.2f} "
            f"{sum(times):8.2f} {cpu:8.2f} {findings:9d} {memory:6.2f}"
        )


if __name__ == "__main__":
    main()
