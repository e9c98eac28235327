"""A spec's file as plain data: `--set` applied, paths absolute.

A relative path is looked for beside the spec, then in the working folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ilsweep.sweeps.errors import Problem, SpecError
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.spec.domains import KINDS
from ilsweep.sweeps.spec.params import flat

PATHS = {"command": ("cwd", "environment", "config"), "data": ("root",)}
"""Keys of a spec that are paths, by their section."""
LINES = ("argv", "args", "after")
"""Keys of a command and of its `resume` that are command lines, in which files may be named."""
DOTTED = ("params", "space", "thresholds")
"""Sections whose keys may hold dots."""
OPTIONS = ("--dataset.root=", "--config_path=", "--policy.path=")
"""Arguments of `lerobot-train` whose value may be a path."""


def read_spec(path: Path, overrides: list[str] | None = None) -> dict[str, Any]:
    """A spec's file as plain data, its paths absolute.

    Raises:
        SpecError: it cannot be read, or is no mapping.
    """
    data = yamlio.read(path)
    if not isinstance(data, dict):
        raise SpecError([Problem(str(path), "must be a mapping of keys", data, "name: my-sweep")])
    for text in overrides or []:
        _override(data, text)
    base = path.resolve().parent
    for section, keys in PATHS.items():
        if isinstance(data.get(section), dict):
            data[section] = _absolute(data[section], keys, base)
    if isinstance(data.get("command"), dict):
        data["command"] = _with_files(data["command"], base)
    return data


def _override(data: dict[str, Any], text: str) -> None:
    path, equals, value_text = text.partition("=")
    keys = path.split(".")
    if not equals or not all(keys):
        raise SpecError([Problem("--set", "takes path=value", text, "params.steps=500")])
    value = yamlio.parse(value_text, f"--set {path}")
    section, _, rest = path.partition(".")
    if not rest:
        data[section] = value
    elif section in DOTTED:
        data[section] = _with_entry(section, data.get(section), rest, value)
    else:
        _enter(data, keys, value)


def _with_entry(section: str, known: Any, name: str, value: Any) -> Any:
    """A section of dotted names with one entry more; one that is no section as it is."""
    if not isinstance(known, dict | None):
        return known
    dimension, _, kind = name.rpartition(".")
    if section == "space" and dimension and kind in KINDS:
        name, value = dimension, {kind: value}
    return {**(flat(known or {}) if section == "params" else known or {}), name: value}


def _enter(data: dict[str, Any], keys: Sequence[str], value: Any) -> None:
    inner = data
    for i, key in enumerate(keys[:-1]):
        if isinstance(inner.get(key), list):
            whole = ".".join(keys[: i + 1])
            raise SpecError(
                [Problem(f"--set {'.'.join(keys)}", f"{whole} is a list", valid=f"{whole}=[A, B]")]
            )
        if not isinstance(inner.get(key), dict):
            inner[key] = {}
        inner = inner[key]
    inner[keys[-1]] = value


def _absolute(section: Mapping[str, Any], keys: Sequence[str], base: Path) -> dict[str, Any]:
    """The section with its paths absolute, so that a sweep's folder says all."""
    result = dict(section)
    for key in keys:
        value = result.get(key)
        if isinstance(value, str) and value:
            result[key] = _resolved(value, base)
    return result


def _with_files(command: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """A command with the files absolute that its lines name, where it has no working folder.

    In the trial's own folder, where it runs then, none of them is.
    """
    if command.get("cwd"):
        return dict(command)
    found = {**command, **_lines(command, base)}
    if isinstance(command.get("resume"), dict):
        found["resume"] = {**command["resume"], **_lines(command["resume"], base)}
    return found


def _lines(section: Mapping[str, Any], base: Path) -> dict[str, list[Any]]:
    """The command lines of a section, with the files absolute that they name."""
    lines = {key: section[key] for key in LINES if isinstance(section.get(key), list)}
    return {key: [_word(word, base) for word in line] for key, line in lines.items()}


def _word(word: Any, base: Path) -> Any:
    if not isinstance(word, str) or not word:
        return word
    for option in OPTIONS:
        if word.startswith(option):
            value = word.removeprefix(option)
            return option + (_found(value, base) or value)
    found = None if word.startswith("-") else _found(word, base)
    return found if found and os.path.isfile(found) else word


def _resolved(value: str, base: Path) -> str:
    try:
        return _found(value, base) or str((base / Path(value).expanduser()).resolve())
    except (RuntimeError, ValueError, OSError):  # nobody's home, a null character, a loop
        return value  # which is said not to be there


def _found(value: str, base: Path) -> str | None:
    """The path of what is there, beside the spec or in the working folder."""
    try:
        path = Path(value).expanduser()
        places = (base / path, Path.cwd() / path)
        return next((str(place.resolve()) for place in places if place.exists()), None)
    except (RuntimeError, ValueError, OSError):
        return None
