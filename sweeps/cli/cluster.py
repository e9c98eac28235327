"""Commands on a Ray cluster."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from pathlib import Path

from ilsweep.sweeps.cli.arguments import (
    Command,
    check_name,
    takes_cluster,
    takes_no_controls,
    takes_overrides,
    takes_storage,
)
from ilsweep.sweeps.exit_codes import FAILED, INTERRUPTED, OK
from ilsweep.sweeps.processes.signals import heeding, leaving


def _submit_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("spec", type=Path, metavar="SPEC")
    takes_cluster(sub, required=True)
    takes_storage(sub, "where the sweep's folder is brought home to")
    sub.add_argument(
        "--remote",
        default="~/ilsweep",
        metavar="DIR",
        help="where it is kept on the cluster's head or its shared disk (default: ~/ilsweep); with "
        "s3://bucket/folder a copy is kept there, too",
    )
    sub.add_argument("--name", help="name of the folder (default: the spec's name)")
    sub.add_argument("--detach", action="store_true", help="do not wait for its end")
    takes_no_controls(sub)
    takes_overrides(sub)


def _submit(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.cluster import client
    from ilsweep.sweeps.progress.console import say
    from ilsweep.sweeps.validation.validate import load_spec

    plan = load_spec(args.spec, args.set, elsewhere=True)
    check_name(args.name)
    root = args.storage / (args.name or plan.spec.name)
    there = f"{shlex.quote(str(root))} --address {shlex.quote(args.address)}"
    later = f"look at it with: ilsweep status {there}; bring it home with: ilsweep fetch {there}"
    try:
        with heeding():
            cluster, job = client.submit(
                plan, root.name, args.address, args.remote, controls=not args.no_controls
            )
    except KeyboardInterrupt:
        say(f"interrupted; if it was started already, {later}")
        return INTERRUPTED
    say(f"{root.name} runs on the cluster as {job}; {later}")
    if args.detach:
        return OK
    with leaving(lambda: f"it goes on without us; {later}"):
        ended = client.follow(cluster, job)
        if ended in (OK, FAILED):
            print(client.fetch(args.address, root, args.storage))
    return ended


def _fetch_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "dir", type=Path, nargs="?", metavar="DIR", help="where to (default: the latest, in runs)"
    )
    takes_cluster(sub, required=True, or_store=", or the s3:// store given to submit")
    takes_storage(sub, "where the sweep's folder is brought home to")


def _fetch(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.cluster import client

    print(client.fetch(args.address, args.dir, args.storage))
    return OK


COMMANDS: Mapping[str, Command] = {
    "submit": Command(
        "run a sweep on a Ray cluster and bring the reports home",
        "ilsweep submit sweep.yaml --address http://127.0.0.1:8265 --detach",
        _submit_arguments,
        _submit,
    ),
    "fetch": Command(
        "bring a submitted sweep home: records, reports, the best checkpoints",
        "ilsweep fetch runs/act-ot-stage1 --address http://127.0.0.1:8265",
        _fetch_arguments,
        _fetch,
    ),
}
