"""A spec as YAML for people: dotted parameters, short values on one line, reasons as comments."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import Any

import yaml

ORDER = (
    "name", "parent", "question", "trainer", "data", "params", "space", "seeds", "objective",
    "search", "scheduler", "resources", "limits", "warm_start", "hypotheses", "thresholds", "wandb",
)  # fmt: skip
_NUMBER = re.compile(r"[-+]?\.?\d[\w.+-]*")
OPENED = frozenset({"params", "space", "data", "search", "thresholds"})
"""Sections that get a line for each of their entries."""
LISTED = frozenset({"warm_start", "hypotheses"})
WIDTH = 96


def flat(params: object, prefix: str = "") -> dict[str, Any]:
    """Nested parameters by dotted name."""
    found: dict[str, Any] = {}
    for name, value in params.items() if isinstance(params, Mapping) else ():
        if isinstance(value, Mapping) and value:
            found.update(flat(value, f"{prefix}{name}."))
        else:
            found[f"{prefix}{name}"] = value
    return found


def spec_text(spec: Mapping[str, Any], reasons: Mapping[str, str], head: str) -> str:
    """The YAML of `spec`; `reasons` by path (`seeds`, `space.ot.reg`) stand above their lines."""
    lines = [*_comment(head)]
    keys = [key for key in ORDER if key in spec] + [key for key in spec if key not in ORDER]
    for key in keys:
        lines += _section(key, spec[key], reasons)
    return "\n".join(lines) + "\n"


def _section(key: str, value: Any, reasons: Mapping[str, str]) -> list[str]:
    lines = _comment(reasons.get(key, ""))
    if key in OPENED and isinstance(value, Mapping) and value:
        lines.append(f"{key}:")
        for name, item in value.items():
            lines += _comment(reasons.get(f"{key}.{name}", ""), "  ")
            lines.append(f"  {_flow(name)}: {_flow(item)}")
        return lines
    if key in LISTED and isinstance(value, list) and value:
        return [*lines, f"{key}:", *[f"  - {_flow(item)}" for item in value]]
    return [*lines, f"{_flow(key)}: {_flow(value)}"]


def _comment(text: str, indent: str = "") -> list[str]:
    plain = "".join(c if c.isprintable() else " " for c in text)
    return [f"{indent}# {line}" for line in textwrap.wrap(plain, WIDTH - len(indent))]


class _Dumper(yaml.SafeDumper):
    """Strings that another reader of YAML would take for something else are quoted.

    Those that hold line breaks or worse with escapes, on one line, and those that YAML 1.2 takes
    for numbers (PyYAML is of 1.1).
    """


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if not text.isprintable() or _NUMBER.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _flow(value: Any) -> str:
    """One value on one line."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        default_flow_style=True,
        width=float("inf"),
        allow_unicode=True,
        sort_keys=False,
    )
    return text.removesuffix("\n").removesuffix("\n...")
