"""The command line. The only file that sees all sides; each command imports what it needs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ilsweep.sweeps.exit_codes import FAILED, INTERRUPTED, OK, WRONG_INPUT
from ilsweep.sweeps.processes import streams
from ilsweep.sweeps.processes.encoding import escape_what_is_missing
from ilsweep.sweeps.processes.signals import heeding, interruptible, leaving

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping
    from typing import Any

    from ilsweep.sweeps.spec.model import Plan

# Looking for plugins of pydantic's costs more than checking a spec.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit status is 0 done, 1 something failed, 2 wrong input.

    Without `argv` it is the whole program's, whose arguments they are.
    """
    with interruptible(for_good=argv is None):
        escape_what_is_missing()
        if argv is None:
            streams.prepare()
        return _main(argv)


def _main(argv: list[str] | None) -> int:
    from ilsweep.sweeps.errors import IlsweepError

    try:
        status = _command(argv)
    except IlsweepError as error:
        print(error, file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        streams.give_up_output()
        sys.stderr.close()
        return OK
    except streams.Unwritable as error:
        streams.give_up_output()
        print(f"standard output: cannot be written ({error.strerror})", file=sys.stderr)
        return FAILED
    return status


def _command(argv: list[str] | None) -> int:
    from ilsweep.sweeps.cli.arguments import parser

    try:
        args = parser().parse_args(argv)
        with leaving(lambda: _interrupted(args)):
            return COMMANDS[args.command](args)
    finally:
        sys.stdout.flush()


def _interrupted(args: argparse.Namespace) -> str:
    """What is said where a command is interrupted before it has begun anything."""
    import shlex

    if args.command == "run":
        return "interrupted; nothing was started"
    if args.command == "resume":
        return f"interrupted; continue with: ilsweep resume {shlex.quote(str(args.dir))}"
    return "interrupted"


def _run(args: argparse.Namespace) -> int:
    from functools import partial

    from ilsweep.sweeps.execution import runner
    from ilsweep.sweeps.store.sweep_dir import command_line
    from ilsweep.sweeps.validation.validate import load_spec
    from ilsweep.sweeps.workflow import postprocess
    from ilsweep.sweeps.workflow.budget import budget_of
    from ilsweep.sweeps.workflow.controls import before_search

    plan = load_spec(args.spec, args.set)
    root = args.storage / (args.name or plan.spec.name)
    _check_name(args.name)
    if args.stages > 1 or args.budget:
        from ilsweep.sweeps.workflow import pipeline

        budget = budget_of(args.budget)
        controls = not args.no_controls
        return pipeline.run(plan, root, command_line(), args.stages, budget, controls=controls)
    begun = partial(before_search, plan, root, skip=args.no_controls)
    return postprocess.finish(root, lambda: runner.run(plan, root, command_line(), begun))


def _resume(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.execution import runner
    from ilsweep.sweeps.store.sweep_dir import command_line
    from ilsweep.sweeps.workflow import postprocess

    if (args.dir / "chain.json").is_file() and not (args.add_trials or args.retry_failed):
        from ilsweep.sweeps.workflow import pipeline

        return pipeline.resume(pipeline.read(args.dir), command_line())
    return postprocess.finish(
        args.dir,
        lambda: runner.resume(
            args.dir,
            command_line(),
            add_trials=args.add_trials,
            retry_failed=args.retry_failed,
        ),
    )


def _validate(args: argparse.Namespace) -> int:
    import json

    from ilsweep.sweeps.validation.validate import load_spec

    plan = load_spec(args.spec, args.set)
    spec = plan.spec
    least, most = plan.work
    if spec.scheduler.type != "none":
        least = 0
    facts = {
        "name": spec.name,
        "trainer": spec.trainer,
        "configurations": plan.configurations,
        "asked": plan.asked,
        "points": plan.points,
        "seeds": len(spec.seeds),
        "trials": plan.trials,
        "optimiser_steps": most,
    }
    if args.json and not args.controls:
        print(json.dumps(facts))
        return OK
    size = f"{plan.configurations} configurations x {len(spec.seeds)} seeds = {plan.trials} trials"
    if plan.asked > plan.configurations:
        size += f" ({plan.asked} asked, {plan.points} exist: {plan.configurations} are trained)"
    steps = str(most) if least == most else f"{least} to {most}" if least else f"at most {most}"
    if not args.json:
        print(f"{args.spec}: valid. {size} of {spec.trainer}, {steps} optimiser steps in all.")
    return _validate_controls(plan, facts, as_json=args.json) if args.controls else OK


def _validate_controls(plan: Plan, facts: dict[str, Any], *, as_json: bool) -> int:
    """The controls of a spec alone; status 1 where one failed."""
    import json

    from ilsweep.sweeps.execution.runner import prepare_data
    from ilsweep.sweeps.workflow.controls import controls_text, run_controls

    prepare_data(plan)
    found = run_controls(plan)
    if as_json:
        print(json.dumps({**facts, "controls": found and found.to_json()}))
    else:
        print(controls_text(found) if found else "no controls: no policy is tried anywhere")
    return FAILED if found and found.failed else OK


def _init(args: argparse.Namespace) -> int:
    from pathlib import Path

    from ilsweep.analysis.records.files import write_atomic
    from ilsweep.sweeps.errors import FolderError, SpecError
    from ilsweep.sweeps.migrate.configs import from_configs
    from ilsweep.sweeps.migrate.wandb_sweep import from_wandb_sweep
    from ilsweep.sweeps.validation.validate import load_spec

    if args.from_configs:
        how = (args.command_line, args.metrics, args.environment)
        draft = from_configs(args.from_configs, *how)
    else:
        draft = from_wandb_sweep(args.from_wandb_sweep)
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
    import json

    from ilsweep.sweeps.validation.json_schema import schema

    print(json.dumps(schema(), indent=2))
    return OK


def _trainers(args: argparse.Namespace) -> int:
    import json

    from ilsweep.sweeps.validation.json_schema import describe_trainer, list_trainers

    rows = describe_trainer(args.name) if args.name else list_trainers()
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            print(_line(row))
    return OK


def _line(row: dict[str, Any]) -> str:
    import json

    if "default" not in row:
        return f"{row['name']:<12} {row['about']}"
    bounds = f", {row['bounds']}" if row["bounds"] else ""
    unit = f" [{row['unit']}]" if row["unit"] else ""
    source = f" ({row['source']})" if row["source"] else ""
    head = f"{row['name']}: {row['type']} = {json.dumps(row['default'])}{bounds}{unit}"
    return f"{head}\n    {row['about']}{source}"


def _submit(args: argparse.Namespace) -> int:
    import shlex

    from ilsweep.sweeps.cluster import client
    from ilsweep.sweeps.progress.console import say
    from ilsweep.sweeps.validation.validate import load_spec

    plan = load_spec(args.spec, args.set, elsewhere=True)
    _check_name(args.name)
    root = args.storage / (args.name or plan.spec.name)
    there = f"{shlex.quote(str(root))} --address {shlex.quote(args.address)}"
    later = f"look at it with: ilsweep status {there}; bring it home with: ilsweep fetch {there}"
    try:
        with heeding():
            cluster, job = client.submit(plan, root.name, args.address, args.remote)
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


def _fetch(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.cluster import client

    print(client.fetch(args.address, args.dir, args.storage))
    return OK


def _status(args: argparse.Namespace) -> int:
    import json

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


def _rank(args: argparse.Namespace) -> int:
    from ilsweep.analysis.report import ranking_json, ranking_text
    from ilsweep.sweeps.workflow.postprocess import analysed

    analysis = analysed(args.dir)
    print(ranking_json(analysis) if args.json else ranking_text(analysis))
    return OK


def _diagnose(args: argparse.Namespace) -> int:
    from ilsweep.analysis.report import findings_json, findings_text
    from ilsweep.sweeps.workflow.postprocess import analysed

    analysis = analysed(args.dir)
    print(findings_json(analysis) if args.json else findings_text(analysis))
    return OK


def _report(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.workflow import postprocess

    _, reports = postprocess.report(args.dir, (args.lang,) if args.lang else postprocess.LANGS)
    print(*reports, sep="\n")
    return OK


def _confirm(args: argparse.Namespace) -> int:
    from ilsweep.analysis.report import confirmation_json, confirmation_text
    from ilsweep.sweeps.workflow import postprocess

    kept = "interrupted; whole rounds are kept, call again to go on"
    try:
        with leaving(lambda: kept):
            found = postprocess.confirm(args.dir, args.top, args.rollouts)
    except KeyboardInterrupt:
        print(kept, file=sys.stderr)
        return INTERRUPTED
    print(confirmation_json(found) if args.json else confirmation_text(found))
    return OK


def _import(args: argparse.Namespace) -> int:
    from ilsweep.analysis.importers import NoSuchFormat, UnknownFormat, import_runs
    from ilsweep.sweeps.errors import FolderError

    try:
        names = import_runs(args.files, args.into, args.format)
    except (NoSuchFormat, UnknownFormat, OSError) as error:
        raise FolderError(str(error)) from None
    for name in names:
        print(args.into / "trials" / name)
    return OK


def _export(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.workflow.export import export

    export(args.spec, args.set, args.into, args.domain)
    print(args.into)
    return OK


def _next(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.workflow import postprocess

    target = args.output or args.dir / "next.yaml"
    postprocess.write_next(args.dir, target)
    print(target)
    return OK


def _check_name(name: str | None) -> None:
    from pydantic import TypeAdapter, ValidationError

    from ilsweep.sweeps.errors import FolderError
    from ilsweep.sweeps.spec.model import Name

    try:
        TypeAdapter(Name).validate_python(name or "x")
    except ValidationError:
        raise FolderError(
            f"--name: letters, digits, '.', '_' and '-' only, got {name!r}; valid: my-sweep"
        ) from None


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "validate": _validate,
    "init": _init,
    "schema": _schema,
    "trainers": _trainers,
    "resume": _resume,
    "submit": _submit,
    "fetch": _fetch,
    "status": _status,
    "rank": _rank,
    "diagnose": _diagnose,
    "report": _report,
    "confirm": _confirm,
    "import": _import,
    "export": _export,
    "next": _next,
}


if __name__ == "__main__":
    sys.exit(main())
