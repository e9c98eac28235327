"""Planted faults, and healthy runs beside them: what is caught, and what is accused wrongly.

    python -m benchmarks.faults [--only blind_policy] [--seeds 2] [--jobs 2] [--json]

Trains every case of benchmarks/faults with every seed, diagnoses it, and prints for each finding
how many planted faults were caught and how many healthy runs were accused: of the runs on which
thresholds were set, and of the others, on which they are judged. Then the same by world, and every
miss with its evidence. Targets, of the judged half: at least 95 % caught, at most 5 % accused, by
finding. The exit status is 1 where one is missed, or where a run is not what its case says (a
healthy one that failed, did not learn, or does not succeed); that run counts nothing.
--records DIR keeps the runs, as a sweep's folder, and takes from there what is there.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from benchmarks.faults import sweeps, table
from benchmarks.faults.case import Half
from benchmarks.faults.cases import asked
from benchmarks.faults.look import Look, NotAsSaid
from benchmarks.faults.train import trained
from ilsweep.analysis.findings.registry import RULES

ORDER = (*(rule.id for rule in RULES), *sweeps.FINDINGS)
"""Findings as the contract lists them."""


def main() -> int:
    """Print the table; 0 where the targets are met."""
    args = _parser().parse_args()
    unknown = sorted(set(args.only) - {*ORDER, *(case.name for case in asked(()))})
    if unknown:
        print(f"--only: unknown {', '.join(unknown)}; valid: {', '.join(ORDER)}", file=sys.stderr)
        return 2
    if args.list:
        print(table.listing(asked(args.only)))
        return 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        root = args.records or Path(scratch)
        ended = list(trained(asked(args.only), range(args.seeds), root, args.jobs))
    other = sorted(str(run) for run in ended if isinstance(run, NotAsSaid))
    found = [look for look in ended if isinstance(look, Look)]
    found.sort(key=lambda look: (look.case, look.finding, look.seed))
    found += [look for look in sweeps.looks() if not args.only or look.finding in args.only]
    if args.only:
        found = [look for look in found if {look.finding, look.case} & set(args.only)]
    if args.json:
        print(json.dumps(_json(found, other), indent=1, ensure_ascii=False))
    else:
        print(table.text(found, ORDER, other))
        print(f"\nat most {args.seeds} seeds, {time.monotonic() - began:.0f} s", flush=True)
    return 1 if other or table.missed(found, ORDER) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="ID", help="a finding, or a case's name"
    )
    most = max(case.seeds for case in asked(()))
    parser.add_argument("--seeds", type=int, default=most, help="of each case, at most")
    parser.add_argument("--jobs", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--records", type=Path, metavar="DIR", help="keep the runs here")
    parser.add_argument("--json", action="store_true", help="every run with its evidence")
    parser.add_argument("--list", action="store_true", help="what is planted where; runs nothing")
    return parser


def _json(found: Sequence[Look], other: Sequence[str]) -> dict[str, object]:
    halves = {half: [look for look in found if look.half == half] for half in get_args(Half)}
    return {
        "findings": {
            half: [row.to_json() for row in table.counts(looks, ORDER)]
            for half, looks in halves.items()
        },
        "all": {half: table.count(looks).to_json() for half, looks in halves.items()},
        "not_counted": list(other),
        "runs": [look.to_json() for look in found],
    }


if __name__ == "__main__":
    sys.exit(main())
