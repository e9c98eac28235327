"""Commands that hand out what a sweep found: its numbers as a table, its best checkpoint."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from ilsweep.sweeps.cli.arguments import Command, takes_dir
from ilsweep.sweeps.exit_codes import OK


def _export_table_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("dir", type=Path, metavar="DIR")
    sub.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="FILE.parquet or FILE.csv"
    )
    sub.add_argument(
        "--curves", action="store_true", help="one row a report (default: one row a trial)"
    )


def _export_table(args: argparse.Namespace) -> int:
    from ilsweep.analysis.formatting import how_many
    from ilsweep.analysis.report.rows import FORMATS, curve_rows, trial_rows, write_table
    from ilsweep.sweeps.errors import FolderError
    from ilsweep.sweeps.store.sweep_dir import writable
    from ilsweep.sweeps.workflow.postprocess import analysed

    if args.output.suffix not in FORMATS:
        valid = "sweep.parquet or sweep.csv"
        raise FolderError(
            f"-o: a table is Parquet or CSV, got {str(args.output)!r}; valid: {valid}"
        )
    analysis = analysed(args.dir)
    rows = curve_rows(analysis) if args.curves else trial_rows(analysis)
    with writable(args.output):
        write_table(rows, args.output)
    print(how_many(len(rows), "row"), file=sys.stderr)
    print(args.output)
    return OK


def _best(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.workflow.best import best

    found = best(args.dir)
    print(found.says, file=sys.stderr)
    print(json.dumps(found.to_json()) if args.json else found.path)
    return OK


COMMANDS: Mapping[str, Command] = {
    "best": Command(
        "print the path of the best configuration's best checkpoint",
        "ilsweep best runs/act-ot-stage1",
        takes_dir,
        _best,
    ),
    "export-table": Command(
        "write a sweep's numbers as a table: one row a trial, or one row a report",
        "ilsweep export-table runs/act-ot-stage1 -o sweep.parquet",
        _export_table_arguments,
        _export_table,
    ),
}
