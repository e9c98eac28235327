"""What a command is to the command line, and the arguments that several of them take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Command:
    """One command: how its help shows it, what it takes and what it does."""

    about: str
    example: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    """Gives the exit status; imports what it needs when it is called."""
    interrupted: Callable[[argparse.Namespace], str] = lambda args: "interrupted"
    """What is said where it is interrupted before it has begun anything."""


def takes_overrides(sub: argparse.ArgumentParser) -> None:
    """Add `--set PATH=VALUE`."""
    sub.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="replace one value of the spec; can be repeated",
    )


def takes_no_controls(sub: argparse.ArgumentParser) -> None:
    """Add `--no-controls`."""
    sub.add_argument(
        "--no-controls",
        action="store_true",
        help="search though it is not known whether any policy could succeed, or though none could",
    )


def takes_json(sub: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    sub.add_argument("--json", action="store_true", help="machine-readable output")


def takes_cluster(sub: argparse.ArgumentParser, *, required: bool, or_store: str = "") -> None:
    """Add `--address`, a cluster's job server."""
    sub.add_argument(
        "--address",
        required=required,
        metavar="URL",
        help=f"a Ray cluster's job server, as http://127.0.0.1:8265{or_store}",
    )


def takes_storage(sub: argparse.ArgumentParser, about: str) -> None:
    """Add `--storage`, the folder of sweeps; `about` says what happens there."""
    sub.add_argument(
        "--storage",
        type=Path,
        default=Path("runs"),
        metavar="DIR",
        help=f"{about} (default: runs)",
    )


def takes_metric(sub: argparse.ArgumentParser) -> None:
    """Add `--metric NAME` and `--mode`."""
    sub.add_argument("--metric", default="", metavar="NAME", help="judge by this metric")
    sub.add_argument(
        "--mode", choices=("min", "max"), help="which end of it is good (default: by its name)"
    )


def check_metric(args: argparse.Namespace) -> None:
    """Refuse a mode without a metric.

    Raises:
        FolderError: there is one.
    """
    from ilsweep.sweeps.errors import FolderError

    if args.mode and not args.metric:
        raise FolderError(f"--mode: {args.mode} is of a metric; valid: --metric NAME, too")


def takes_dir(sub: argparse.ArgumentParser) -> None:
    """Add a sweep's folder and `--json`."""
    sub.add_argument("dir", type=Path, metavar="DIR")
    takes_json(sub)


def nothing(sub: argparse.ArgumentParser) -> None:
    """Add no argument."""
    del sub


def count(text: str) -> int:
    """A whole number from 0.

    Raises:
        ArgumentTypeError: the text is none.
    """
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"takes a whole number from 0, got {text!r}")
    return number


def positive(text: str) -> int:
    """A whole number from 1.

    Raises:
        ArgumentTypeError: the text is none.
    """
    if (number := count(text)) == 0:
        raise argparse.ArgumentTypeError(f"takes a whole number from 1, got {text!r}")
    return number


def check_name(name: str | None) -> None:
    """Refuse a `--name` that no folder can have.

    Raises:
        FolderError: it cannot be one.
    """
    from pydantic import TypeAdapter, ValidationError

    from ilsweep.sweeps.errors import FolderError
    from ilsweep.sweeps.spec.model import Name

    try:
        TypeAdapter(Name).validate_python(name or "x")
    except ValidationError:
        raise FolderError(
            f"--name: letters, digits, '.', '_' and '-' only, got {name!r}; valid: my-sweep"
        ) from None
