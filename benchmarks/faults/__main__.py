"""Planted faults, and healthy runs beside them: what is caught, and what is accused wrongly.

    python -m benchmarks.faults [--only blind_policy] [--seeds 5] [--jobs 2] [--json]

Trains every case of benchmarks/faults with every seed, diagnoses it, and prints for each finding
how many planted faults were caught and how many healthy runs were accused, then every miss with its
evidence. Targets: at least 95 % caught, at most 5 % accused; the exit status is 1 where they are
missed, or where a run is not what its case says (a healthy one that failed, or did not learn).
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

from benchmarks.faults import sweeps, table
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
        try:
            found = sorted(
                trained(asked(args.only), range(args.seeds), root, args.jobs),
                key=lambda look: (look.case, look.finding, look.seed),
            )
        except NotAsSaid as error:
            print(f"nothing is counted: {error}", file=sys.stderr)
            return 1
    found += [look for look in sweeps.looks() if not args.only or look.finding in args.only]
    if args.only:
        found = [look for look in found if {look.finding, look.case} & set(args.only)]
    if args.json:
        print(json.dumps(_json(found), indent=1, ensure_ascii=False))
    else:
        print(table.text(found, ORDER))
        print(f"\n{args.seeds} seeds, {time.monotonic() - began:.0f} s", flush=True)
    return 0 if table.count(found).good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="ID", help="a finding, or a case's name"
    )
    parser.add_argument("--seeds", type=int, default=5, help="of each case")
    parser.add_argument("--jobs", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--records", type=Path, metavar="DIR", help="keep the runs here")
    parser.add_argument("--json", action="store_true", help="every run with its evidence")
    parser.add_argument("--list", action="store_true", help="what is planted where; runs nothing")
    return parser


def _json(found: Sequence[Look]) -> dict[str, object]:
    return {
        "all": table.count(found).to_json(),
        "findings": [row.to_json() for row in table.counts(found, ORDER)],
        "runs": [look.to_json() for look in found],
    }


if __name__ == "__main__":
    sys.exit(main())
