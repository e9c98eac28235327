"""A spec's command, checked before anything starts: every mistake in it, and what it describes.

A place without a parameter, a parameter without a place, a program that is not there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ilsweep.sweeps.errors import Problem, looked_for, nearest, secret
from ilsweep.sweeps.external.adapters.base import Adapter
from ilsweep.sweeps.external.description import description_of
from ilsweep.sweeps.external.json_config import read_config
from ilsweep.sweeps.external.needed_settings import never_logged
from ilsweep.sweeps.external.recipe import Recipe, recipe_of
from ilsweep.sweeps.external.registry import ADAPTERS, UnknownAdapterError, find_adapter
from ilsweep.sweeps.security.secrets import secrets_in
from ilsweep.sweeps.spec.command import Command
from ilsweep.sweeps.spec.description import TrainerDescription
from ilsweep.sweeps.spec.domain_form import lowest
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.sweeps.spec.params import flat, is_of_data
from ilsweep.sweeps.spec.templates import KNOWN, NAME, names_in, places

MISSING = "is missing"
LINES_OF_ARGV = ("command.argv", "command.args", "command.env")
"""Keys that hold places; where one is refused as a whole, what places there are is not known."""


def check_command(
    spec: SweepSpec, problems: list[Problem], *, here: bool
) -> TrainerDescription | None:
    """What the spec's command takes and reports; its mistakes go to `problems`.

    With `here`, programs and folders are looked for on this machine. None where the command is
    not known.
    """
    try:
        adapter = find_adapter(spec.trainer)
    except UnknownAdapterError as error:
        problems.append(Problem("trainer", str(error)))
        return None
    command = spec.command or Command()
    given = spec.fixed
    names = [*given, *spec.varied]
    values = {**dict.fromkeys(names), **given}
    found = list(_misfits(spec, command, adapter))
    unreadable = list(_unreadable(command)) if command.config else []
    if unreadable:
        command = command.model_copy(update={"config": ""})
    if adapter:
        least = {**values, **lowest(spec.space)}
        found += [_placed(problem, spec) for problem in adapter.check(command, least)]
    words = list(_words_of(command))
    broken = list(_broken_words(words))
    recipe = recipe_of(spec.trainer, command, values)
    found += _without_parameter(words, _with_place(names, command, adapter))
    if not unreadable and not any(problem.where in LINES_OF_ARGV for problem in problems):
        found += _unmatched(spec, command, recipe, names, adapter)
    if here:
        found += _absent(command, recipe)
        found += adapter.needs(command, values) if adapter else ()
    if adapter and not unreadable and not command.metrics:
        found += never_logged(spec, command, adapter, recipe)
    problems += _independent([*found, *unreadable, *broken], problems)
    return description_of(adapter, command, names)


def _placed(problem: Problem, spec: SweepSpec) -> Problem:
    """A mistake of a parameter, where the spec has that parameter."""
    section, _, name = problem.where.partition(".")
    varies = section == "params" and name in spec.varied
    return replace(problem, where=f"space.{name}") if varies else problem


def _independent(found: Iterable[Problem], known: Sequence[Problem]) -> list[Problem]:
    """Without what only follows from a key that was refused already."""
    refused = [problem.where for problem in known]
    unknown = any(where.startswith("command.") for where in refused)
    return [
        problem
        for problem in found
        if not any(f"{where}.".startswith(f"{problem.where}.") for where in refused)
        and not (unknown and problem.rule == MISSING)
    ]


def _with_values(adapter: Adapter, command: Command) -> Iterator[str]:
    """The parameters that have a value, whether the spec gives one or not."""
    base = adapter.base(command)
    for parameter in adapter.parameters():
        if parameter.default is not None or parameter.name in base:
            yield parameter.name


def _misfits(spec: SweepSpec, command: Command, adapter: Adapter | None) -> Iterator[Problem]:
    """Parts of the spec that do not go with this command."""
    if spec.command is None:
        yield Problem("command", MISSING, valid=f"command: {_form(adapter)}")
    elif adapter is None:
        yield from _misfits_of_own(command)
    elif adapter.in_repository and not command.cwd:
        yield Problem("command.cwd", MISSING, valid=f"path of {adapter.in_repository}")
    if adapter and not adapter.takes_config:
        for key in _said(command, "config", "version"):
            yield Problem(f"command.{key}", f"is not for {spec.trainer}", valid="lerobot")
    if spec.keep_checkpoints is not None:
        rule = "what a command writes is its own, and nothing of it is removed"
        yield Problem("keep_checkpoints", rule, spec.keep_checkpoints, "null")
    if spec.scheduler.type == "pbt":
        rule = "pbt changes parameters while training; a command keeps its own"
        yield Problem("scheduler.type", rule, "pbt", "asha, median or none")
    if spec.data or any(map(is_of_data, spec.varied)):
        yield Problem("data", "a command brings its own data", valid="its arguments")


def _misfits_of_own(command: Command) -> Iterator[Problem]:
    """Parts of the section that a command without an adapter lacks, or that are not for it."""
    if not command.argv:
        yield Problem("command.argv", MISSING, valid='argv: [python, train.py, "--lr={lr}"]')
    if not command.metrics:
        yield Problem("command.metrics", MISSING, valid="lerobot, act, json_lines, ...")
    for key in _said(command, "args", "version"):
        yield Problem(f"command.{key}", "is for ready commands", valid=", ".join(ADAPTERS))


def _form(adapter: Adapter | None) -> str:
    """What a section of this command could look like."""
    if adapter is None:
        return "{argv: [...], metrics: ...}"
    where = f"path of {adapter.in_repository}"
    return f"{{cwd: {where}}}" if adapter.in_repository else adapter.example


def _said(command: Command, *keys: str) -> list[str]:
    """Those of the keys that say something: a default that is written out says nothing."""
    return [key for key in keys if getattr(command, key) != Command.model_fields[key].default]


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


def _is_sound(word: str) -> bool:
    try:
        places(word)
    except ValueError:
        return False
    return True


def _with_place(names: list[str], command: Command, adapter: Adapter | None) -> set[str]:
    """All that a place can stand for."""
    return {*names, *KNOWN, *(_with_values(adapter, command) if adapter else ())}


def _unmatched(
    spec: SweepSpec,
    command: Command,
    recipe: Recipe,
    names: list[str],
    adapter: Adapter | None,
) -> Iterator[Problem]:
    """Parameters without a place, seeds that nobody is told."""
    known = _with_place(names, command, adapter)
    filled = [*recipe.words, *recipe.env.values()]
    used = names_in(filter(_is_sound, filled))
    used |= {name for word in filled if not _is_sound(word) for name in known if name in word}
    keys = flat(read_config(Path(command.config))) if command.config else {}
    if "config" in used:
        used |= keys.keys()
    needed = used if adapter is None else None
    for name in names:
        yield from _misplaced(name, "space" if name in spec.varied else "params", names, needed)
    if ("config" in used) != bool(command.config) and adapter is None:
        rule = "goes together with the place {config}"
        valid = "{config} in command.argv" if command.config else "a JSON file"
        yield Problem("command.config", rule, command.config or "nothing", valid)
    if adapter is None and "steps" not in names:
        rule = "is missing; it is the last step that the command reports"
        yield Problem("params.steps", rule, valid="2000")
    if len(spec.all_seeds) > 1 and "seed" not in used:
        rule = "are several, and the command is told none"
        yield Problem("seeds", rule, spec.all_seeds, "--seed={seed} in command.argv")


def _without_parameter(words: list[tuple[str, str]], known: set[str]) -> Iterator[Problem]:
    for where, word in words:
        for place in places(word) if _is_sound(word) else ():
            resumes = where.startswith("command.resume") and place == "checkpoint"
            if place not in known and not resumes:
                rule = "a place without a parameter"
                yield Problem(where, rule, f"{{{place}}}", nearest(place, known))


def _misplaced(
    name: str, section: str, names: list[str], used: set[str] | None
) -> Iterator[Problem]:
    """What is wrong with a parameter's name or place; `used` None where none needs a place."""
    where = f"{section}.{name}"
    if name in KNOWN or name == "checkpoint":
        yield Problem(where, "is filled by the sweep itself", name)
    elif not NAME.match(name):
        yield Problem(where, "is no name for a place", name, "letters, digits, _")
    elif any(other.startswith(f"{name}.") for other in names):
        yield Problem(where, "is a parameter and a group of parameters", name)
    elif used is not None and name not in used and name != "steps":
        valid = f"{{{name}}} in command.argv; known are: {nearest(name, used) or 'none'}"
        yield Problem(where, "a parameter without a place", name, valid)


def _absent(command: Command, recipe: Recipe) -> Iterator[Problem]:
    """What is not on this machine."""
    for key in ("cwd", "environment"):
        folder = getattr(command, key)
        if folder and not os.path.isdir(folder):
            yield Problem(f"command.{key}", "no such folder", folder, looked_for())
    again = command.resume.argv if command.resume else []
    lines = {"argv": recipe.words, "after": command.after or [], "resume.argv": again}
    lost = command.cwd and not os.path.isdir(command.cwd)
    for key, words in lines.items():
        if not words or "{" in words[0]:
            continue
        if not lost or os.sep not in words[0]:
            yield from _absent_program(command, f"command.{key}.0", words[0])
        if not lost:
            yield from _absent_script(command, f"command.{key}.1", words)


def _absent_program(command: Command, where: str, program: str) -> Iterator[Problem]:
    path = os.environ.get("PATH", os.defpath)
    if command.environment:
        path = os.pathsep.join([os.path.join(command.environment, "bin"), path])
    if os.sep in program:
        full = os.path.join(command.cwd or os.curdir, program)
        if not os.path.exists(full):
            yield Problem(where, "no such program", program, "a path from cwd")
        elif os.path.isdir(full) or not os.access(full, os.X_OK):
            yield Problem(where, "cannot be executed", program, f"chmod +x {full}")
    elif not shutil.which(program, path=path):
        valid = "a program on the PATH, or command.environment with it"
        yield Problem(where, "no such program", program, valid)


def _absent_script(command: Command, where: str, words: Sequence[str]) -> Iterator[Problem]:
    """A script named right after an interpreter."""
    if len(words) < 2 or not os.path.basename(words[0]).startswith("python"):
        return
    script = words[1]
    if not script.endswith(".py") or "{" in script:
        return
    if command.cwd:
        if not os.path.exists(os.path.join(command.cwd, script)):
            yield Problem(where, "no such file", script, "a path from command.cwd")
    elif not os.path.isabs(script):
        rule = "no such file beside the spec or in the working folder"
        valid = f"a path from {os.getcwd()}, or command.cwd"
        yield Problem(where, rule, script, valid)
    elif not os.path.exists(script):
        yield Problem(where, "no such file", script)
