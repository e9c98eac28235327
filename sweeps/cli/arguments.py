"""What each command takes; what it does is in `sweeps/cli/main.py`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Command:
    """One command, as its help shows it."""

    about: str
    example: str
    arguments: Callable[[argparse.ArgumentParser], None]


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; it leaves the command's name in `command`."""
    whole = argparse.ArgumentParser(
        prog="ilsweep",
        description="Sweeps of imitation-learning policies that look at behaviour, not only loss.",
        epilog="Each command has --help with an example.",
    )
    commands = whole.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )
    for name, command in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=command.about,
            description=command.about[0].upper() + command.about[1:] + ".",
            epilog=f"example:\n  {command.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.arguments(sub)
    return whole


def _run(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("spec", type=Path, metavar="SPEC")
    sub.add_argument(
        "--storage",
        type=Path,
        default=Path("runs"),
        metavar="DIR",
        help="where the sweep's folder is made (default: runs)",
    )
    sub.add_argument("--name", help="name of the folder (default: the spec's name)")
    sub.add_argument(
        "--stages",
        type=_positive,
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
    sub.add_argument(
        "--no-controls",
        action="store_true",
        help="search though it is not known whether any policy could succeed, or though none could",
    )
    _takes_overrides(sub)


def _validate(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("spec", type=Path, metavar="SPEC")
    sub.add_argument(
        "--controls",
        action="store_true",
        help="run the controls alone: could any policy succeed here, and any fail?",
    )
    _takes_overrides(sub)
    _takes_json(sub)


def _init(sub: argparse.ArgumentParser) -> None:
    source = sub.add_mutually_exclusive_group(required=True)
    source.add_argument("--from-configs", type=Path, metavar="DIR", help="folder of JSON files")
    source.add_argument("--from-wandb-sweep", type=Path, metavar="FILE", help="W&B sweep file")
    sub.add_argument(
        "--command",
        dest="command_line",
        default="",
        metavar="LINE",
        help="how a configuration is used, as 'python train.py --config {config}'",
    )
    sub.add_argument("--metrics", default="", metavar="FORMAT", help="how metrics are printed")
    sub.add_argument("--environment", default="", metavar="DIR", help="where its programs are")
    sub.add_argument("-o", "--output", type=Path, metavar="FILE")


def _trainers(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("name", nargs="?", metavar="NAME")
    _takes_json(sub)


def _resume(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("dir", type=Path, metavar="DIR")
    sub.add_argument(
        "--add-trials", type=_count, default=0, metavar="N", help="search N more configurations"
    )
    sub.add_argument("--retry-failed", action="store_true", help="run failed trials again")


def _submit(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("spec", type=Path, metavar="SPEC")
    _takes_cluster(sub, required=True)
    _takes_storage(sub)
    sub.add_argument(
        "--remote",
        default="~/ilsweep",
        metavar="DIR",
        help="where it is kept on the cluster's head or its shared disk (default: ~/ilsweep); with "
        "s3://bucket/folder a copy is kept there, too",
    )
    sub.add_argument("--name", help="name of the folder (default: the spec's name)")
    sub.add_argument("--detach", action="store_true", help="do not wait for its end")
    _takes_overrides(sub)


def _fetch(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "dir", type=Path, nargs="?", metavar="DIR", help="where to (default: the latest, in runs)"
    )
    _takes_cluster(sub, required=True, or_store=", or the s3:// store given to submit")
    _takes_storage(sub)


def _status(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("dir", type=Path, nargs="?", metavar="DIR")
    _takes_cluster(sub, required=False)
    _takes_json(sub)


def _report(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("dir", type=Path, metavar="DIR")
    sub.add_argument("--lang", choices=("zh", "en"), help="only one language")


def _confirm(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("dir", type=Path, metavar="DIR")
    sub.add_argument(
        "--top", type=_positive, default=3, metavar="K", help="so many configurations (default: 3)"
    )
    sub.add_argument(
        "--rollouts",
        type=_positive,
        default=100,
        metavar="N",
        help="at most so many episodes of each (default: 100)",
    )
    _takes_json(sub)


def _import(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("files", type=Path, nargs="+", metavar="FILE")
    sub.add_argument("--into", type=Path, required=True, metavar="DIR")
    sub.add_argument(
        "--format",
        default="",
        metavar="NAME",
        help="the files' format, or module:NAME of a LogFormat of yours (default: detected)",
    )


def _export(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("spec", type=Path, metavar="SPEC")
    sub.add_argument("--into", type=Path, required=True, metavar="DIR")
    sub.add_argument(
        "--domain",
        choices=("source", "target"),
        default="source",
        help="which visual domain, where there are two (default: source)",
    )
    _takes_overrides(sub)


def _next(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("dir", type=Path, metavar="DIR")
    sub.add_argument("-o", "--output", type=Path, metavar="FILE")


def _analysis(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("dir", type=Path, metavar="DIR")
    _takes_json(sub)


def _nothing(sub: argparse.ArgumentParser) -> None:
    del sub


def _takes_overrides(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="replace one value of the spec; can be repeated",
    )


def _takes_json(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--json", action="store_true", help="machine-readable output")


def _takes_cluster(sub: argparse.ArgumentParser, *, required: bool, or_store: str = "") -> None:
    sub.add_argument(
        "--address",
        required=required,
        metavar="URL",
        help=f"a Ray cluster's job server, as http://127.0.0.1:8265{or_store}",
    )


def _takes_storage(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--storage",
        type=Path,
        default=Path("runs"),
        metavar="DIR",
        help="where the sweep's folder is brought home to (default: runs)",
    )


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"takes a whole number from 0, got {text!r}")
    return number


def _positive(text: str) -> int:
    if (number := _count(text)) == 0:
        raise argparse.ArgumentTypeError(f"takes a whole number from 1, got {text!r}")
    return number


COMMANDS: Mapping[str, Command] = {
    "run": Command(
        "run a sweep, then rank, diagnose and write the reports",
        "ilsweep run sweep.yaml --storage runs --set params.steps=500",
        _run,
    ),
    "validate": Command(
        "check a spec without starting anything",
        "ilsweep validate sweep.yaml --json",
        _validate,
    ),
    "init": Command(
        "turn hand-made configurations or a W&B sweep into a spec",
        "ilsweep init --from-configs configs -o sweep.yaml",
        _init,
    ),
    "schema": Command(
        "print the JSON schema of a spec, for editors",
        "ilsweep schema > ilsweep.schema.json",
        _nothing,
    ),
    "trainers": Command(
        "list the trainers, or one's parameters",
        "ilsweep trainers act_ot",
        _trainers,
    ),
    "resume": Command(
        "continue an interrupted sweep, or extend a finished one",
        "ilsweep resume runs/act-ot-stage1 --add-trials 8",
        _resume,
    ),
    "submit": Command(
        "run a sweep on a Ray cluster and bring the reports home",
        "ilsweep submit sweep.yaml --address http://127.0.0.1:8265 --detach",
        _submit,
    ),
    "fetch": Command(
        "bring a submitted sweep home: records, reports, the best checkpoints",
        "ilsweep fetch runs/act-ot-stage1 --address http://127.0.0.1:8265",
        _fetch,
    ),
    "status": Command(
        "one screen: trials by state, best so far, time left",
        "ilsweep status runs/act-ot-stage1 --json",
        _status,
    ),
    "rank": Command(
        "rank the configurations of a running or finished sweep",
        "ilsweep rank runs/act-ot-stage1 --json",
        _analysis,
    ),
    "diagnose": Command(
        "say what went wrong in each trial, and why",
        "ilsweep diagnose runs/act-ot-stage1 --json",
        _analysis,
    ),
    "report": Command(
        "write the stage reports of a running or finished sweep",
        "ilsweep report runs/act-ot-stage1 --lang en",
        _report,
    ),
    "confirm": Command(
        "try the best policies on fresh episodes, until the answer is clear",
        "ilsweep confirm runs/act-ot-stage1 --top 3 --rollouts 100",
        _confirm,
    ),
    "import": Command(
        "turn foreign runs into records; the format is detected",
        "ilsweep import run.wandb train.log --into runs/imported",
        _import,
    ),
    "export": Command(
        "write a spec's demonstrations as a LeRobotDataset v3",
        "ilsweep export sweep.yaml --into data/cube",
        _export,
    ),
    "next": Command(
        "write the next stage as a runnable spec",
        "ilsweep next runs/act-ot-stage1 -o stage2.yaml",
        _next,
    ),
}
