"""Commands on specs: checked, drafted, described; their demonstrations handed out."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilsweep.sweeps.cli.arguments import (
    Command,
    nothing,
    takes_json,
    takes_overrides,
)
from ilsweep.sweeps.exit_codes import FAILED, OK

if TYPE_CHECKING:
    from ilsweep.sweeps.spec.plan import Plan


def _validate_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("spec", type=Path, metavar="SPEC")
    sub.add_argument(
        "--controls",
        action="store_true",
        help="run the controls alone: could any policy succeed here, and any fail?",
    )
    sub.add_argument(
        "--try",
        dest="log",
        nargs="?",
        const="",
        metavar="LOG",
        help="show what is read of a command: of a log that is there, or, without one, of a first "
        "trial that is run for ten seconds",
    )
    sub.add_argument(
        "--speed",
        type=float,
        nargs="?",
        const=5.0,
        metavar="SECONDS",
        help="train the first configuration for some seconds (5): how long the sweep takes here, "
        "and with which resources it would be faster",
    )
    sub.add_argument(
        "--storage",
        type=Path,
        default=Path("runs"),
        metavar="DIR",
        help="where earlier sweeps are, which say how much retrainings differ (default: runs)",
    )
    takes_overrides(sub)
    takes_json(sub)


def _validate(args: argparse.Namespace) -> int:
    from ilsweep.analysis.formatting import how_many
    from ilsweep.sweeps.errors import FolderError
    from ilsweep.sweeps.validation.metrics import against_known_directions
    from ilsweep.sweeps.validation.validate import load_spec
    from ilsweep.sweeps.workflow.power import power

    if args.log is not None and (args.json or args.controls):
        other = "--json" if args.json else "--controls"
        raise FolderError(f"--try: shows what is read alone; valid: without {other}")
    plan = load_spec(args.spec, args.set)
    spec = plan.spec
    if args.speed is not None:
        _can_be_timed(plan, args)
    claims, notes = power(plan, args.storage), against_known_directions(spec, plan.trainer)
    least, most = plan.work
    if spec.scheduler.type != "none":
        least = 0
    facts = {
        "name": spec.name,
        "trainer": spec.trainer,
        "configurations": plan.configurations,
        "algorithm": spec.search.algorithm,
        "asked": plan.requested,
        "points": plan.points,
        "seeds": len(spec.first_seeds),
        "most_seeds": len(spec.all_seeds),
        "trials": plan.trials,
        "most_trials": plan.most_trials,
        "optimiser_steps": most,
        "claims": claims,
        "notes": notes,
    }
    if args.json and not (args.controls or args.speed):
        print(json.dumps(facts))
        return OK
    seeds = how_many(len(spec.first_seeds), "seed")
    each = f"{how_many(plan.configurations, 'configuration')} x {seeds}"
    size = f"{each} = {how_many(plan.trials, 'trial')}"
    if spec.race:
        size += f" at least, {plan.most_trials} at most (a race, up to {spec.race.at_most} seeds)"
    steps = str(most) if least == most else f"{least} to {most}" if least else f"at most {most}"
    if not args.json:
        print(f"{args.spec}: valid. {size} of {spec.trainer}, {steps} optimiser steps in all.")
        if plan.space:
            print(plan.search_text)
        print("".join(f"{told}\n" for told in (*notes, *claims)), end="")
    if args.log is not None:
        return _try(plan, args.log)
    if args.speed is not None:
        return _speed(plan, facts, args.speed, as_json=args.json)
    return _controls(plan, facts, as_json=args.json) if args.controls else OK


def _can_be_timed(plan: Plan, args: argparse.Namespace) -> None:
    from ilsweep.sweeps.errors import FolderError

    if not 0 < args.speed < math.inf:
        raise FolderError(f"--speed: must be above 0, got {args.speed:g}; valid: seconds, as 5")
    if args.controls or args.log is not None:
        other = "--controls" if args.controls else "--try"
        raise FolderError(f"--speed: measures alone; valid: without {other}")
    if plan.spec.command is not None:
        raise FolderError("--speed: steps of a command cannot be timed; valid: a spec without one")


def _speed(plan: Plan, facts: dict[str, Any], seconds: float, *, as_json: bool) -> int:
    """How fast the spec's trials train here, and with which resources they would be faster."""
    from ilsweep.sweeps.execution.demonstrations import prepare_data
    from ilsweep.sweeps.workflow.speed import measure, told

    prepare_data(plan)
    measured = measure(plan, seconds)
    print(json.dumps({**facts, "speed": measured.to_json()}) if as_json else
          "\n".join(told(plan, measured)))  # fmt: skip
    return OK


def _try(plan: Plan, log: str) -> int:
    """What the spec reads of a log, or of its command; status 2 where an objective is not in it."""
    from ilsweep.sweeps.errors import FolderError, Problem, SpecError
    from ilsweep.sweeps.external.try_log import try_command, try_log

    if log and not Path(log).is_file():
        raise FolderError(f"{log}: is no file that could be read; valid: a command's output")
    try:
        tried = try_log(plan, Path(log)) if log else try_command(plan)
    except ValueError as error:
        raise FolderError(f"--try: {error}") from None
    print(*tried.lines, sep="\n")
    if tried.failed:
        raise SpecError([Problem("command", tried.failed)])
    if tried.missing:
        names, read_of = ", ".join(tried.missing), log or "what it printed"
        raise SpecError([Problem("objective", f"{names} is not among what is read of {read_of}")])
    return OK


def _controls(plan: Plan, facts: dict[str, Any], *, as_json: bool) -> int:
    """The controls of a spec alone; status 1 where one failed."""
    from ilsweep.sweeps.execution.demonstrations import prepare_data
    from ilsweep.sweeps.workflow.controls import controls_text, run_controls

    prepare_data(plan)
    found = run_controls(plan)
    if as_json:
        print(json.dumps({**facts, "controls": found and found.to_json()}))
    else:
        print(controls_text(found) if found else "no controls: no policy is tried anywhere")
    return FAILED if found and found.failed else OK


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
        return f"{row['name']:<12} {row['about']}"
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
    "validate": Command(
        "check a spec without starting anything",
        "ilsweep validate sweep.yaml --json",
        _validate_arguments,
        _validate,
    ),
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
