"""Commands that train, and what they say meanwhile."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from ilsweep.sweeps.cli.arguments import (
    Command,
    check_name,
    count,
    positive,
    takes_cluster,
    takes_json,
    takes_no_controls,
    takes_overrides,
    takes_storage,
)
from ilsweep.sweeps.exit_codes import OK


def _run_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("spec", type=Path, metavar="SPEC")
    takes_storage(sub, "where the sweep's folder is made")
    sub.add_argument("--name", help="name of the folder (default: the spec's name)")
    sub.add_argument(
        "--stages",
        type=positive,
        default=1,
        metavar="N",
        help="go on with the next stage, at most N in all, each in a folder beside the first",
    )
    sub.add_argument(
        "--budget",
        action="append",
        default=[],
        metavar="AMOUNT",
        help="what all stages may take: 200trials, 6h (of training, summed over trials), or both",
    )
    takes_no_controls(sub)
    takes_overrides(sub)


def _run(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.validation.validate import load_spec

    plan = load_spec(args.spec, args.set)
    check_name(args.name)
    from ilsweep.sweeps.workflow.budget import budget_of
    from ilsweep.sweeps.workflow.sweep import run_sweep

    budget = budget_of(args.budget) if args.budget else None
    root = args.storage / (args.name or plan.spec.name)
    return run_sweep(plan, root, args.stages, budget, controls=not args.no_controls)


def _resume_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("dir", type=Path, metavar="DIR")
    sub.add_argument(
        "--add-trials", type=count, default=0, metavar="N", help="search N more configurations"
    )
    sub.add_argument("--retry-failed", action="store_true", help="run failed trials again")


def _resume(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.workflow.sweep import resume_sweep

    return resume_sweep(args.dir, add_trials=args.add_trials, retry_failed=args.retry_failed)


def _status_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("dir", type=Path, nargs="?", metavar="DIR")
    takes_cluster(sub, required=False)
    takes_json(sub)


def _status(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.errors import FolderError
    from ilsweep.sweeps.progress.status import status, status_text

    if args.address:
        from ilsweep.sweeps.cluster import client

        facts = client.status(args.address, args.dir)
    elif args.dir:
        facts = status(args.dir)
    else:
        raise FolderError("DIR: needed, unless --address names a cluster; valid: runs/my-sweep")
    print(json.dumps(facts) if args.json else status_text(facts))
    return OK


COMMANDS: Mapping[str, Command] = {
    "run": Command(
        "run a sweep, then rank, diagnose and write the reports",
        "ilsweep run sweep.yaml --storage runs --set params.steps=500",
        _run_arguments,
        _run,
        interrupted=lambda args: "interrupted; nothing was started",
    ),
    "resume": Command(
        "continue an interrupted sweep, or extend a finished one",
        "ilsweep resume runs/act-ot-stage1 --add-trials 8",
        _resume_arguments,
        _resume,
        interrupted=lambda args: (
            f"interrupted; continue with: ilsweep resume {shlex.quote(str(args.dir))}"
        ),
    ),
    "status": Command(
        "one screen: trials by state, best so far, time left",
        "ilsweep status runs/act-ot-stage1 --json",
        _status_arguments,
        _status,
    ),
}
