"""A spec's command, checked, as something that a plan can hold: a kind of trainer.

Every mistake is found before anything starts: a place without a parameter, a parameter without a
place, a program that is not there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import create_model

from ilsweep.sweeps.errors import Problem, nearest, secret
from ilsweep.sweeps.external.adapters.base import Adapter
from ilsweep.sweeps.external.adapters.lerobot import LEROBOT
from ilsweep.sweeps.external.adapters.repositories import (
    ACT_REPOSITORY,
    HIL_SERL_REPOSITORY,
    RDT_REPOSITORY,
)
from ilsweep.sweeps.external.job import Recipe
from ilsweep.sweeps.external.json_config import flat_config, read_config
from ilsweep.sweeps.metrics import full_name
from ilsweep.sweeps.security.secrets import secrets_in
from ilsweep.sweeps.spec.command import Command
from ilsweep.sweeps.spec.templates import KNOWN, NAME, names_in, places
from ilsweep.trainers.core.contract import Params, TrainerConfig, TrainerSpec, param

if TYPE_CHECKING:
    from ilsweep.sweeps.spec.model import SweepSpec

PLAIN = "command"
"""Any command line, by its arguments."""

ADAPTERS: Mapping[str, Adapter] = {
    "lerobot": LEROBOT,
    "act_repository": ACT_REPOSITORY,
    "rdt_repository": RDT_REPOSITORY,
    "hil_serl_repository": HIL_SERL_REPOSITORY,
}
COMMANDS = (PLAIN, *ADAPTERS)
"""Trainers that are commands."""


class PlainParams(Params):
    """What the sweep itself has to know of a command; the rest is what its places are called."""

    steps: int = param(1, gt=0, unit="steps of the command's own")
    """Last step that the command reports; need not have a place."""


class CommandTrainer(TrainerSpec):
    """Any training command: arguments with places for parameters, metrics from what it writes.

    Stands for the command where a spec is checked; `CommandHosting` runs it.
    """

    needs_data: ClassVar[bool] = False


def find_command(name: str) -> type[Params]:
    """The configuration of a command, for listing its parameters."""
    return PlainParams if name == PLAIN else ADAPTERS[name].Config


def bind(spec: SweepSpec, problems: list[Problem], *, here: bool) -> type[TrainerSpec]:
    """The trainer that stands for the spec's command; its mistakes go to `problems`.

    With `here`, programs and folders are looked for on this machine.
    """
    from ilsweep.sweeps.spec.model import flat

    command = spec.command or Command()
    given = {name: value for name, value in flat(spec.params).items() if name not in spec.space}
    names = [*given, *(str(name) for name in spec.space)]
    found = list(_misfits(spec, command))
    adapter = ADAPTERS.get(spec.trainer)
    if command.config and not found:
        found += _unreadable(command)
    if adapter and not found:
        found += adapter.check(command, {**dict.fromkeys(names), **given})
    words = list(_words_of(command))
    found += _broken_words(words)
    if not found:
        recipe = recipe_of(spec.trainer, command, {**dict.fromkeys(names), **given})
        found += _unmatched(spec, command, words, recipe, names)
        if here:
            found += _absent(command, recipe)
    problems += found
    return trainer_of(spec.trainer, command if not found else Command(), names)


def recipe_of(trainer: str, command: Command, given: Mapping[str, Any]) -> Recipe:
    """The command with its places unfilled; a searched parameter is given with value None."""
    adapter = ADAPTERS.get(trainer)
    if adapter is None:
        return Recipe(
            words=command.argv,
            env=command.env,
            sources=command.metrics,
            resume=command.resume,
            after=command.after or [],
            command=command,
        )
    return Recipe(
        words=adapter.words(command, given),
        env={**adapter.env, **command.env},
        sources=command.metrics or [adapter.source],
        resume=command.resume or adapter.resume_of(command),
        after=list(adapter.after) if command.after is None else command.after,
        command=command,
    )


def _misfits(spec: SweepSpec, command: Command) -> Iterator[Problem]:
    """Parts of the spec that do not go with this command."""
    adapter = ADAPTERS.get(spec.trainer)
    asked = command.model_fields_set
    if spec.command is None:
        yield Problem("command", "is missing", valid="command: {argv: [...], metrics: ...}")
    elif adapter is None:
        if not command.argv:
            valid = 'argv: [python, train.py, "--lr={lr}"]'
            yield Problem("command.argv", "is missing", valid=valid)
        if not command.metrics:
            yield Problem("command.metrics", "is missing", valid="lerobot, act, json_lines, ...")
        for key in sorted({"args", "version"} & asked):
            yield Problem(f"command.{key}", "is for ready commands", valid=", ".join(ADAPTERS))
    elif adapter.in_repository and not command.cwd:
        yield Problem("command.cwd", "is missing", valid=f"path of {adapter.in_repository}")
    if adapter and not adapter.takes_config:
        for key in sorted({"config", "version"} & asked):
            yield Problem(f"command.{key}", f"is not for {spec.trainer}", valid="lerobot")
    if spec.scheduler.type == "pbt":
        rule = "pbt changes parameters while training; a command keeps its own"
        yield Problem("scheduler.type", rule, "pbt", "asha, median or none")
    if spec.data or any(str(name).startswith("data.") for name in spec.space):
        yield Problem("data", "a command brings its own data", valid="its arguments")


def _unreadable(command: Command) -> Iterator[Problem]:
    try:
        config = read_config(Path(command.config))
    except ValueError as error:
        yield Problem("command.config", str(error), command.config, "a JSON file")
        return
    for where, why in secrets_in(config, os.environ):
        yield secret(f"command.config: {command.config}: {where}", why)


def _words_of(command: Command) -> Iterator[tuple[str, str]]:
    """Every word of the section that can have places, and where it stands."""
    parts = {"argv": command.argv, "args": command.args, "after": command.after or []}
    if command.resume:
        parts["resume.args"] = command.resume.args
        parts["resume.argv"] = command.resume.argv
    for part, words in parts.items():
        for i, word in enumerate(words):
            yield f"command.{part}.{i}", word
    for name, word in command.env.items():
        yield f"command.env.{name}", word


def _broken_words(words: list[tuple[str, str]]) -> Iterator[Problem]:
    for where, word in words:
        try:
            places(word)
        except ValueError as error:
            yield Problem(where, str(error), word, "--lr={lr}")


def _unmatched(
    spec: SweepSpec,
    command: Command,
    words: list[tuple[str, str]],
    recipe: Recipe,
    names: list[str],
) -> Iterator[Problem]:
    """Places without a parameter, parameters without a place, seeds that nobody is told."""
    known = {*names, *KNOWN}
    if spec.trainer in ADAPTERS:
        known |= {parameter.name for parameter in ADAPTERS[spec.trainer].parameters()}
    for where, word in words:
        for place in places(word):
            resumes = where.startswith("command.resume") and place == "checkpoint"
            if place not in known and not resumes:
                rule = "a place without a parameter"
                yield Problem(where, rule, f"{{{place}}}", nearest(place, known))
    used = names_in([*recipe.words, *recipe.env.values()])
    keys = flat_config(read_config(Path(command.config))) if command.config else {}
    if "config" in used:
        used |= keys.keys()
    for name in names:
        section = "space" if name in spec.space else "params"
        if name in KNOWN or name == "checkpoint":
            yield Problem(f"{section}.{name}", "is filled by the sweep itself", name)
        elif not NAME.match(name):
            yield Problem(f"{section}.{name}", "is no name for a place", name, "letters, digits, _")
        elif any(other.startswith(f"{name}.") for other in names):
            yield Problem(f"{section}.{name}", "is a parameter and a group of parameters", name)
        elif spec.trainer == PLAIN and name not in used and name != "steps":
            valid = f"{{{name}}} in command.argv; known are: {nearest(name, used) or 'none'}"
            yield Problem(f"{section}.{name}", "a parameter without a place", name, valid)
    if ("config" in used) != bool(command.config) and spec.trainer == PLAIN:
        rule = "goes together with the place {config}"
        yield Problem("command.config", rule, command.config or "nothing", "a JSON file")
    if spec.trainer == PLAIN and "steps" not in names:
        rule = "is missing; it is the last step that the command reports"
        yield Problem("params.steps", rule, valid="2000")
    if len(spec.seeds) > 1 and "seed" not in used:
        rule = "are several, and the command is told none"
        yield Problem("seeds", rule, spec.seeds, "--seed={seed} in command.argv")


def _absent(command: Command, recipe: Recipe) -> Iterator[Problem]:
    """What is not on this machine."""
    for key in ("cwd", "environment"):
        folder = getattr(command, key)
        if folder and not os.path.isdir(folder):
            yield Problem(f"command.{key}", "no such folder", folder)
            return
    program = recipe.words[0]
    if places(program):
        return
    path = os.environ.get("PATH", os.defpath)
    if command.environment:
        path = os.pathsep.join([os.path.join(command.environment, "bin"), path])
    if os.sep in program:
        full = os.path.join(command.cwd or os.curdir, program)
        if not os.path.exists(full):
            yield Problem("command.argv.0", "no such program", program, "a path from cwd")
        elif os.path.isdir(full) or not os.access(full, os.X_OK):
            yield Problem("command.argv.0", "cannot be executed", program, f"chmod +x {full}")
    elif not shutil.which(program, path=path):
        valid = "a program on the PATH, or command.environment with it"
        yield Problem("command.argv.0", "no such program", program, valid)
    yield from _absent_script(command, recipe)


def _absent_script(command: Command, recipe: Recipe) -> Iterator[Problem]:
    """A script named right after an interpreter has to be in the working folder."""
    if len(recipe.words) < 2 or not os.path.basename(recipe.words[0]).startswith("python"):
        return
    script = recipe.words[1]
    if not script.endswith(".py") or places(script):
        return
    if not os.path.exists(os.path.join(command.cwd, script) if command.cwd else script):
        yield Problem("command.argv.1", "no such file", script, "a path from command.cwd")
    elif not command.cwd and not os.path.isabs(script):
        rule = "is looked for in the trial's own folder, where it is not"
        yield Problem("command.argv.1", rule, script, "command.cwd, or an absolute path")


def trainer_of(name: str, command: Command, names: Sequence[str]) -> type[TrainerSpec]:
    """A trainer whose parameters are those of the command; `names` are the ones that are given."""
    adapter = ADAPTERS.get(name)
    base: type[Params] = adapter.Config if adapter else PlainParams
    own = [n for n in names if NAME.match(n) and (adapter is None or adapter.is_free(n))]
    fields = _fields([n for n in own if n not in base.model_fields])
    for field, value in (adapter.base(command) if adapter else {}).items():
        fields[field] = (base.model_fields[field].annotation, param(value))
    # All that a sweep asks of a configuration is its `steps`.
    config = cast("type[TrainerConfig]", create_model("Parameters", __base__=base, **fields))
    return type(
        "Command", (CommandTrainer,), {"Config": config, "metrics": _metrics(command, adapter)}
    )


def _fields(names: list[str]) -> dict[str, Any]:
    """Fields that take anything, dotted names as groups."""
    groups: dict[str, list[str]] = {}
    for name in names:
        first, _, rest = name.partition(".")
        groups.setdefault(first, []).append(rest)
    fields: dict[str, Any] = {}
    for first, below in groups.items():
        if below == [""]:
            fields[first] = (Any, None)
        else:
            inner = create_model(first, __base__=Params, **_fields(list(filter(None, below))))
            fields[first] = (inner, inner())
    return fields


def _metrics(command: Command, adapter: Adapter | None) -> Mapping[str, str]:
    """What is reported, where that is known; else empty."""
    if adapter:
        return adapter.metrics if not command.metrics else {}
    if not all(source.patterns for source in command.metrics):
        return {}
    return {full_name(name): "" for source in command.metrics for name in source.patterns}


def absolute(section: Mapping[str, Any], keys: Sequence[str], base: Path) -> dict[str, Any]:
    """The section with its paths absolute, so that a sweep's folder says all: relative ones are
    meant from the folder of the spec."""
    result = dict(section)
    for key in keys:
        value = result.get(key)
        if isinstance(value, str) and value:
            result[key] = _absolute(value, base)
    return result


def _absolute(value: str, base: Path) -> str:
    try:
        return str((base / Path(value).expanduser()).resolve())
    except (RuntimeError, ValueError, OSError):  # nobody's home, a null character, a loop
        return value  # which is said not to be there
