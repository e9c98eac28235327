"""Run each faulty spec for three stages, untold, and see whether a policy works in the end.

    python -m benchmarks.repair [--only NAME ...] [--stages 3] [--records DIR]

`ilsweep run --stages` is what runs, with real training. Beside each fault is trained what somebody
who knows would set, with the same seeds. A stage works where its best
configuration is healthy and succeeds at least `LIKE` as often as that one. A fault is repaired
where the last stage works, and the first from which on all do has come by then to at most `TWICE`
the trainings of the faulty spec and that one. A fault does not count whose spec works as it is, or
where what should mend it succeeds in fewer than `GOAL` of its episodes. Exit status 1 where fewer
than `GOAL` of the others are repaired.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.repair.fault import Fault
from benchmarks.repair.faults import FAULTS
from ilsweep.analysis.records.identity import configuration_key
from ilsweep.analysis.records.paths import SweepPaths

LIKE = 0.75
TWICE = 2
GOAL = 0.8


@dataclass(frozen=True)
class Stage:
    """What one stage came to."""

    trainings: int
    healthy: bool
    """Of the best configuration."""
    successes: int
    episodes: int
    findings: tuple[str, ...]
    """Of its best configuration, the critical ones."""
    changes: tuple[str, ...]
    """What the next stage changes of parameters and data."""

    @property
    def rate(self) -> float:
        return self.successes / self.episodes if self.episodes else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[])
    parser.add_argument("--stages", type=int, default=3)
    parser.add_argument("--records", type=Path, help="keep the sweeps in this folder")
    args = parser.parse_args()
    if unknown := set(args.only) - FAULTS.keys():
        parser.error(f"no fault {', '.join(sorted(unknown))}; valid: {', '.join(FAULTS)}")
    with tempfile.TemporaryDirectory() as scratch:
        root = args.records or Path(scratch)
        root.mkdir(parents=True, exist_ok=True)
        print(
            "| fault | world | stages | changed | success by stage | by somebody who knows "
            "| trainings | |"
        )
        print("|---|---|---|---|---|---|---|---|")
        rows = [_row(name, FAULTS[name], root, args.stages) for name in args.only or FAULTS]
    repaired = [good for good in rows if good is not None]
    print(f"\n{sum(repaired)} of {len(repaired)} repaired")
    return 0 if sum(repaired) >= GOAL * len(repaired) else 1


def _row(name: str, fault: Fault, root: Path, stages: int) -> bool | None:
    """Print it; whether it is repaired, None where that cannot be said."""
    known = _ran(known_to_work(fault), root, 1)[0]
    found = _ran(fault.spec(name), root, stages, fault.options)
    works = [stage.healthy and stage.rate >= LIKE * known.rate > 0 for stage in found]
    since = len(works) - list(reversed([False, *works])).index(False) + 1
    trainings = sum(stage.trainings for stage in found[:since])
    good = works[-1] and trainings <= TWICE * (known.trainings + found[0].trainings)
    changed = "; then ".join(", ".join(stage.changes) or "nothing" for stage in found[:-1])
    rates = ", ".join(f"{stage.successes} of {stage.episodes}" for stage in found)
    if known.rate < GOAL:
        why = "not counted: what should work does not"
    elif works[0]:
        why = "not counted: it does no harm"
    elif good:
        why = f"repaired at stage {since}"
    else:
        failing = ", ".join(found[-1].findings) or "too seldom, or after too many trainings"
        why = f"not repaired: {failing}"
    print(
        f"| `{name}`: {fault.about} | {fault.world.name} | {len(found)} | {changed} | {rates} "
        f"| {known.successes} of {known.episodes} | {trainings} | {why} |",
        flush=True,
    )
    return good if known.rate >= GOAL and not works[0] else None


def known_to_work(fault: Fault) -> dict[str, Any]:
    """What somebody who knows would train, named after it: many faults have the same."""
    spec = fault.spec("known", fault.mended)
    key = configuration_key(spec["params"], spec["data"], spec["trainer"])
    return {**spec, "name": f"known-{key}"}


def _ran(
    spec: Mapping[str, Any], root: Path, stages: int, options: Sequence[str] = ()
) -> list[Stage]:
    """The stages of a spec, run now unless they are under `root`."""
    folder = root / spec["name"]
    if not SweepPaths(folder).report_json.is_file():
        given = root / f"{spec['name']}.yaml"
        given.write_text(yaml.safe_dump(dict(spec), sort_keys=False))
        command = [sys.executable, "-m", "ilsweep.sweeps.cli.main", "run", str(given)]
        command += ["--storage", str(root), "--stages", str(stages), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not SweepPaths(folder).report_json.is_file():
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return [_stage(path) for path in _folders(folder)]


def _folders(first: Path) -> Iterator[Path]:
    chain = first / "chain.json"
    names = json.loads(chain.read_text())["folders"] if chain.is_file() else [first.name]
    yield from (first.with_name(name) for name in names)


def _stage(folder: Path) -> Stage:
    report = json.loads(SweepPaths(folder).report_json.read_text())
    row = report["ranking"]["rows"][0]
    won = row["successes"] or {"k": 0, "n": 0}
    changes = [
        f"{change['path']} = {json.dumps(change['after'])}"
        for change in report["next_stage"]
        if change["path"].startswith(("space.", "params.", "data."))
    ]
    return Stage(
        trainings=len(report["runs"]),
        healthy=bool(row["healthy"]),
        successes=won["k"],
        episodes=won["n"],
        findings=tuple(row["critical"]),
        changes=tuple(changes),
    )


if __name__ == "__main__":
    sys.exit(main())
