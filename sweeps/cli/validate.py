"""`ilsweep validate`: a spec checked, and what is tried of it before it runs."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilsweep.sweeps.cli.arguments import Command, takes_json, takes_overrides, takes_storage
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
    takes_storage(sub, "where earlier sweeps are, which say how much retrainings differ")
    takes_overrides(sub)
    takes_json(sub)


def _validate(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.errors import FolderError
    from ilsweep.sweeps.validation.metrics import against_known_directions
    from ilsweep.sweeps.validation.validate import load_spec
    from ilsweep.sweeps.workflow.power import power

    if args.log is not None and (args.json or args.controls):
        other = "--json" if args.json else "--controls"
        raise FolderError(f"--try: shows what is read alone; valid: without {other}")
    plan = load_spec(args.spec, args.set)
    if args.speed is not None:
        _can_be_timed(plan, args)
    notes = against_known_directions(plan.spec, plan.trainer)
    facts = {**_size(plan), "claims": power(plan, args.storage), "notes": notes}
    if not args.json:
        _say(plan, args.spec, [*notes, *facts["claims"]])
    if args.log is not None:
        return _try(plan, args.log)
    if args.speed is not None:
        return _speed(plan, facts, args.speed, as_json=args.json)
    if args.controls:
        return _controls(plan, facts, as_json=args.json)
    if args.json:
        print(json.dumps(facts))
    return OK


def _size(plan: Plan) -> dict[str, Any]:
    """What a spec comes to, as `--json` has it."""
    spec = plan.spec
    return {
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
        "optimiser_steps": plan.work[1],
    }


def _say(plan: Plan, path: Path, more: Sequence[str]) -> None:
    """The same for people."""
    from ilsweep.analysis.formatting import how_many

    spec = plan.spec
    seeds = how_many(len(spec.first_seeds), "seed")
    each = f"{how_many(plan.configurations, 'configuration')} x {seeds}"
    size = f"{each} = {how_many(plan.trials, 'trial')}"
    if spec.race:
        size += f" at least, {plan.most_trials} at most (a race, up to {spec.race.at_most} seeds)"
    least, most = plan.work
    if spec.scheduler.type != "none":
        least = 0
    steps = str(most) if least == most else f"{least} to {most}" if least else f"at most {most}"
    print(f"{path}: valid. {size} of {spec.trainer}, {steps} optimiser steps in all.")
    if plan.space:
        print(plan.search_text)
    print("".join(f"{line}\n" for line in more), end="")


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
    from ilsweep.sweeps.workflow.speed import measure, speed_lines

    prepare_data(plan)
    measured = measure(plan, seconds)
    print(json.dumps({**facts, "speed": measured.to_json()}) if as_json else
          "\n".join(speed_lines(plan, measured)))  # fmt: skip
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


COMMANDS: Mapping[str, Command] = {
    "validate": Command(
        "check a spec without starting anything",
        "ilsweep validate sweep.yaml --json",
        _validate_arguments,
        _validate,
    ),
}
