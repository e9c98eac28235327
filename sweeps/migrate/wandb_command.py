"""The command of a W&B sweep as a command line with places.

As `wandb/agents/pyagent.py` and `wandb/wandb_agent.py` of wandb fill it in.

W&B replaces a word that is a macro; `${envvar:NAME}` also within a word. It writes values as Python
does: `--aug=True`. A `${...}` that it does not know is the script's own (Hydra's) and stays.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ilsweep.sweeps.errors import Problem
from ilsweep.sweeps.migrate.draft import Draft
from ilsweep.sweeps.migrate.wandb_parameters import Parameters

DEFAULT = ["${env}", "${interpreter}", "${program}", "${args}"]
SOURCE = {"format": "wandb", "file": "wandb/*run-*/run-*.wandb"}

FORMS = {
    "${args}": "--{}={}",
    "${args_no_boolean_flags}": "--{}={}",
    "${args_no_hyphens}": "{}={}",
    "${args_append_hydra}": "+{}={}",
    "${args_override_hydra}": "++{}={}",
    "${args_no_equals}": "--{} {}",
}
"""How each macro writes one parameter."""

_ENVIRONMENT = re.compile(r"\$\{envvar:(\w+)\}")
_OF_WANDB = re.compile(r"^\$\{(args\w*|env|interpreter|program)\}$")


def command_of(
    draft: Draft, data: Mapping[str, Any], path: Path, found: Parameters
) -> dict[str, Any]:
    """The spec's `command`; what has no counterpart is entered in `found.problems`."""
    argv: list[str] = []
    given = False
    for word in map(str, data.get("command") or DEFAULT):
        if word == "${env}":
            continue
        if word == "${interpreter}":
            argv.append("python")
        elif word == "${program}":
            argv.append(str(data.get("program", "train.py")))
        elif word in FORMS:
            argv += _arguments(found, word)
            given = True
        elif word == "${args_json}":
            argv += _as_json(found)
            given = True
        elif _OF_WANDB.match(word):
            known = ", ".join([*FORMS, "${args_json}"])
            found.problems.append(Problem(f"command: {word}", "has no counterpart", valid=known))
        else:
            argv.append(_braces(_environment(draft, found, word)))
    if not given and found.places:
        argv += _arguments(found, "${args}")
        draft.notes.append("Otherwise: the script gets its parameters as arguments.")
    draft.notes.append("Otherwise: wandb.config is not filled; the arguments are what counts.")
    return {
        "argv": argv,
        "cwd": str(path.resolve().parent),
        "env": {"WANDB_MODE": "offline", "WANDB_DIR": "{folder}"},
        "metrics": dict(SOURCE),
    }


def _arguments(found: Parameters, macro: str) -> list[str]:
    """The words of every parameter, fixed ones whose names a spec keeps for itself as text."""
    form = FORMS[macro]
    words: list[str] = []
    for name, value in found.literal.items():
        words += form.format(name, _braces(str(value))).split(" ", 1 if "no_equals" in macro else 0)
    if macro == "${args_no_boolean_flags}":
        words += _flags(found)
    for place in found.places:
        values = found.values_of(place)
        if macro == "${args_no_boolean_flags}" and any(isinstance(v, bool) for v in values):
            found.problems.append(Problem(
                f"parameters.{found.original[place]}",
                "true is a flag and false leaves it out with ${args_no_boolean_flags}: no "
                "counterpart", valid="values that the script takes as words, under ${args}",
            ))  # fmt: skip
        text = form.format(found.original[place], _hole(place, values))
        words += text.split(" ") if macro == "${args_no_equals}" else [text]
    if found.seeds:
        text = form.format("seed", "{seed}")
        words += text.split(" ") if macro == "${args_no_equals}" else [text]
    return words


def _flags(found: Parameters) -> list[str]:
    """Fixed booleans as flags: the true ones alone. They are in the command, and no parameters."""
    flags = {place: value for place, value in found.fixed.items() if isinstance(value, bool)}
    for place in flags:
        del found.fixed[place]
    return [f"--{found.original[place]}" for place, value in flags.items() if value]


def _hole(place: str, values: list[Any]) -> str:
    """The place, with Python's way of writing where it differs from JSON's."""
    python = any(not isinstance(v, str | int | float) or isinstance(v, bool) for v in values)
    return f"{{{place}!s}}" if python else f"{{{place}}}"


def _as_json(found: Parameters) -> list[str]:
    """All parameters as one JSON object; texts stand in quotes, so one place is a text or none."""
    parts: list[str] = []
    for place in found.places:
        values = found.values_of(place)
        texts = [isinstance(value, str) for value in values]
        if any(texts) and (not all(texts) or any(set(v) & set('"\\') for v in values)):
            name = f"parameters.{found.original[place]}"
            rule = "has texts beside other values, which ${args_json} cannot write"
            found.problems.append(Problem(name, rule, valid="all texts without quotes, or none"))
        hole = f'"{{{place}}}"' if any(texts) else f"{{{place}}}"
        parts.append(f'"{found.original[place]}": {hole}')
    parts += ['"seed": {seed}'] if found.seeds else []
    return ["{{" + ", ".join(parts) + "}}"]


def _environment(draft: Draft, found: Parameters, word: str) -> str:
    """A word with the values that its environment variables have now."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in os.environ:
            found.problems.append(
                Problem(f"command: {match[0]}", "is not set", valid=f"export {name}=..")
            )
            return ""
        draft.notes.append(f"Guessed: {match[0]} is what it is now; a new value needs a new spec.")
        return os.environ[name]

    return _ENVIRONMENT.sub(value, word)


def _braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
