"""Commands on specs: drafted, described; their demonstrations handed out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ilsweep.sweeps.cli.arguments import Command, nothing, takes_json, takes_overrides
from ilsweep.sweeps.exit_codes import FAILED, OK


def _init_arguments(sub: argparse.ArgumentParser) -> None:
    source = sub.add_mutually_exclusive_group(required=True)
    source.add_argument("--from-configs", type=Path, metavar="DIR", help="folder of JSON files")
    source.add_argument(
        "--from-script", type=Path, metavar="FILE", help="training script with argparse"
    )
    source.add_argument(
        "--from-wandb-sweep",
        metavar="SWEEP",
        help="W&B sweep file, or ENTITY/PROJECT/SWEEP with its runs",
    )
    sub.add_argument(
        "--runs",
        nargs="+",
        default=[],
        metavar="FILE",
        help="runs of the W&B sweep (.wandb, its table of runs, or ENTITY/PROJECT/SWEEP): finished "
        "ones are tried first",
    )
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


def _init(args: argparse.Namespace) -> int:
    from ilsweep.analysis.records.files import write_atomic
    from ilsweep.sweeps.errors import FolderError, SpecError
    from ilsweep.sweeps.migrate.configs import from_configs
    from ilsweep.sweeps.migrate.script import from_script
    from ilsweep.sweeps.migrate.wandb_sweep import from_wandb_sweep
    from ilsweep.sweeps.validation.validate import load_spec

    if args.runs and not args.from_wandb_sweep:
        raise FolderError("--runs: are of a W&B sweep; valid: --from-wandb-sweep FILE, too")
    if args.from_configs:
        how = (args.command_line, args.metrics, args.environment)
        draft = from_configs(args.from_configs, *how)
    elif args.from_script:
        draft = from_script(args.from_script, args.environment, args.metrics, args.output)
    else:
        draft = from_wandb_sweep(args.from_wandb_sweep, args.runs)
    target = args.output or Path(f"{draft.spec['name']}.yaml")
    if target.exists():
        raise FolderError(f"{target}: exists already; choose another name with -o")
    try:
        write_atomic(target, draft.text())
    except OSError as error:
        raise FolderError(f"{target}: cannot be written ({error.strerror})") from None
    print(target)
    print("\n".join(draft.notes), file=sys.stderr)
    try:
        load_spec(target)
    except SpecError as error:
        print(error, file=sys.stderr)
        return FAILED
    return OK


def _schema(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.validation.json_schema import schema

    print(json.dumps(schema(), indent=2))
    return OK


def _trainers_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("name", nargs="?", metavar="NAME")
    takes_json(sub)


def _trainers(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.validation.json_schema import describe_trainer, list_trainers

    rows = describe_trainer(args.name) if args.name else list_trainers()
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            print(_line(row))
        if args.name and not any(row["kind"] == "metric" for row in rows):
            print("what it logs is not known before it runs: the spec says how it is read")
    return OK


def _line(row: dict[str, Any]) -> str:
    if row.get("kind") == "metric":
        return f"logs {row['name']}\n    {row['meaning']}"
    if "kind" not in row:
        return f"{row['name']:<20} {row['about']}"
    bounds = f", {row['bounds']}" if row["bounds"] else ""
    unit = f" [{row['unit']}]" if row["unit"] else ""
    source = f" ({row['source']})" if row["source"] else ""
    head = f"{row['name']}: {row['type']} = {json.dumps(row['default'])}{bounds}{unit}"
    return f"{head}\n    {row['about']}{source}"


def _export_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("spec", type=Path, metavar="SPEC")
    sub.add_argument("--into", type=Path, required=True, metavar="DIR")
    sub.add_argument(
        "--domain",
        choices=("source", "target"),
        default="source",
        help="which visual domain, where there are two (default: source)",
    )
    takes_overrides(sub)


def _export(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.workflow.export import export

    export(args.spec, args.set, args.into, args.domain)
    print(args.into)
    return OK


COMMANDS: Mapping[str, Command] = {
    "init": Command(
        "turn a script, hand-made configurations or a W&B sweep into a spec",
        "ilsweep init --from-script train.py -o sweep.yaml",
        _init_arguments,
        _init,
    ),
    "schema": Command(
        "print the JSON schema of a spec, for editors",
        "ilsweep schema > ilsweep.schema.json",
        nothing,
        _schema,
    ),
    "trainers": Command(
        "list the trainers, or one's parameters and what it logs",
        "ilsweep trainers act_ot",
        _trainers_arguments,
        _trainers,
    ),
    "export": Command(
        "write a spec's demonstrations as a LeRobotDataset v3",
        "ilsweep export sweep.yaml --into data/cube",
        _export_arguments,
        _export,
    ),
}
