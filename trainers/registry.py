"""The trainers by name, and what a name in a spec may mean."""

from __future__ import annotations

import difflib
import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from trainers.contract import Trainer

TRAINERS: dict[str, str] = {
    "act": "trainers.act:ACT",
    "act_ot": "trainers.act_ot:ACTOT",
}
"""Ready trainers: name to `module:Class`."""


class UnknownTrainer(ValueError):
    """A name that is no ready trainer's and no importable `module:Class`."""


def find(name: str) -> type[Trainer]:
    """The trainer that a name means: a ready one's, or `module:Class` of the user's own.

    A module beside the working folder is found, as `python -m` would find it.

    Raises:
        UnknownTrainer: the message says what would be valid.
    """
    target = TRAINERS.get(name, name)
    module_name, colon, class_name = target.partition(":")
    if not colon:
        close = difflib.get_close_matches(name, TRAINERS, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UnknownTrainer(
            f"no trainer {name!r}; {hint}valid: {', '.join(sorted(TRAINERS))}, "
            "or module:Class of your own"
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise UnknownTrainer(f"cannot import {name!r} ({error}); valid: module:Class") from None
    if not (isinstance(found, type) and issubclass(found, Trainer)):
        raise UnknownTrainer(f"{name!r} is not a class derived from trainers.contract.Trainer")
    return found


@dataclass(frozen=True)
class Parameter:
    """One parameter of a trainer, as `ilsweep trainers NAME` shows it."""

    name: str
    type: str
    default: Any
    bounds: str
    unit: str
    source: str
    about: str


def parameters(config: type[BaseModel], prefix: str = "") -> Iterator[Parameter]:
    """Every parameter of a configuration by dotted name, groups opened."""
    for name, info in config.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from parameters(inner, f"{prefix}{name}.")
            continue
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        default = info.get_default(call_default_factory=True, validated_data={})
        yield Parameter(
            name=prefix + name,
            type=_type_name(inner),
            default=json.loads(json.dumps(default, default=str)),
            bounds=" and ".join(filter(None, map(_bound, info.metadata))),
            unit=str(extra.get("unit", "")),
            source=str(extra.get("source", "")),
            about=" ".join((info.description or "").split()),
        )


def _type_name(annotation: Any) -> str:
    if isinstance(annotation, type):
        return annotation.__name__
    return str(annotation).replace("typing.", "")


def _bound(constraint: Any) -> str:
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    return " and ".join(
        f"{sign} {getattr(constraint, name):g}"
        for name, sign in signs.items()
        if getattr(constraint, name, None) is not None
    )
