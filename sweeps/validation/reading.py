"""A spec's file as plain data: `--set` applied, paths absolute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ilsweep.sweeps.errors import Problem, SpecError
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.spec.params import flat

PATHS = {"command": ("cwd", "environment", "config"), "data": ("root",)}
"""Keys of a spec that are paths, by their section."""


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
    for section, keys in PATHS.items():
        if isinstance(data.get(section), dict):
            data[section] = _absolute(data[section], keys, path.resolve().parent)
    return data


def _override(data: dict[str, Any], text: str) -> None:
    path, equals, value_text = text.partition("=")
    if not equals or not path:
        raise SpecError([Problem("--set", "takes path=value", text, "params.steps=500")])
    value = yamlio.parse(value_text, f"--set {path}")
    section, _, rest = path.partition(".")
    if not rest:
        data[section] = value
        return
    if section in ("params", "space", "thresholds"):
        entries = flat(data.get(section) or {}) if section == "params" else data.get(section) or {}
        data[section] = {**entries, rest: value}
        return
    inner = data
    for key in path.split(".")[:-1]:
        if not isinstance(inner.get(key), dict):
            inner[key] = {}
        inner = inner[key]
    inner[path.split(".")[-1]] = value


def _absolute(section: Mapping[str, Any], keys: Sequence[str], base: Path) -> dict[str, Any]:
    """The section with its paths absolute, so that a sweep's folder says all.

    Relative ones are meant from the folder of the spec.
    """
    result = dict(section)
    for key in keys:
        value = result.get(key)
        if isinstance(value, str) and value:
            result[key] = _resolved(value, base)
    return result


def _resolved(value: str, base: Path) -> str:
    try:
        return str((base / Path(value).expanduser()).resolve())
    except (RuntimeError, ValueError, OSError):  # nobody's home, a null character, a loop
        return value  # which is said not to be there
