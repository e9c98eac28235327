"""The ready trainers by name, and what can be set in each. Imports no torch.

ValueError
    UnknownTrainer    a name that leads to no trainer
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from ilsweep.trainers.core.contract import Metric, Trainer, TrainerSpec
from ilsweep.trainers.core.field_docs import sentences
from ilsweep.trainers.core.metric_needs import OF_DATA, names_of
from ilsweep.trainers.core.named import NotThere, class_named, near


@dataclass(frozen=True)
class Entry:
    """Where a ready trainer is, as `module:Class`."""

    spec: str
    """Its `TrainerSpec`, in a module that imports no torch."""
    trainer: str


TRAINERS: dict[str, Entry] = {
    "act": Entry("ilsweep.trainers.act.config:ACTSpec", "ilsweep.trainers.act.trainer:ACT"),
    "act_ot": Entry(
        "ilsweep.trainers.act.config:ACTOTSpec", "ilsweep.trainers.act.ot_trainer:ACTOT"
    ),
    "bc": Entry("ilsweep.trainers.bc.config:BCSpec", "ilsweep.trainers.bc.trainer:BC"),
    "rdt": Entry("ilsweep.trainers.rdt.config:RDTSpec", "ilsweep.trainers.rdt.trainer:RDT"),
    "reflow": Entry(
        "ilsweep.trainers.reflow.config:ReflowSpec", "ilsweep.trainers.reflow.trainer:Reflow"
    ),
}
"""The ready trainers by name; one line adds one."""


class UnknownTrainer(ValueError):  # noqa: N818
    """The name is neither a ready trainer's nor a `module:Class` that leads to one."""


@dataclass(frozen=True)
class Parameter:
    """One thing that a spec can set."""

    name: str
    """Dotted where it stands in a group, as `ot.reg`."""
    type: str
    default: Any
    """Plain data, as JSON has it."""
    bounds: str
    """As `> 0, <= 1`; empty where there are none."""
    unit: str
    source: str
    about: str


def find(name: str) -> type[TrainerSpec]:
    """What is known of the trainer of a ready name, or of `module:Class`.

    The module is looked for in the working folder too. Imports no torch, unless a trainer of one's
    own does.

    Raises:
        UnknownTrainer: there is none, or it needs what it does not have; the message says what
            would be valid.
    """
    if name in TRAINERS:
        found: type[TrainerSpec] = _named(name, TRAINERS[name].spec, TrainerSpec)
        return found
    own = load(name)
    known = {parameter.name for parameter in parameters(own.Config)}
    if unknown := names_of(own.metrics_need) - known - OF_DATA.keys():
        raise UnknownTrainer(
            f"{name!r}: metrics_need names no parameter of it: {', '.join(sorted(unknown))}; "
            f"valid: {', '.join(sorted(known))}"
        )
    return own


def load(name: str) -> type[Trainer]:
    """The trainer itself, ready to train.

    Raises:
        UnknownTrainer: there is none; the message says what would be valid.
    """
    path = TRAINERS[name].trainer if name in TRAINERS else name
    if ":" not in path:
        meant = near(name, TRAINERS)
        hint = f"did you mean {meant[0]}? " if meant else ""
        raise UnknownTrainer(
            f"no trainer {name!r}; {hint}valid: {', '.join(sorted(TRAINERS))}, "
            "or module:Class of your own"
        )
    found: type[Trainer] = _named(name, path, Trainer)
    return found


def _named(name: str, path: str, kind: type) -> Any:
    try:
        return class_named(path, kind, own=name not in TRAINERS)
    except NotThere as error:
        raise UnknownTrainer(f"{name!r}: {error}") from error


def parameters(config: type[BaseModel]) -> list[Parameter]:
    """Everything that can be set in a configuration, groups flattened to dotted names."""
    return list(_parameters(config, ""))


class Described(Protocol):
    """A trainer's specification, or what is known of a command."""

    @property
    def Config(self) -> type[BaseModel]: ...  # noqa: N802 - as `TrainerSpec` has it
    @property
    def metrics(self) -> Mapping[str, str | Metric]: ...
    @property
    def needs_data(self) -> bool: ...


def table(trainer: Described) -> dict[str, Any]:
    """What a trainer takes and reports, as JSON has it, for whoever must not import it."""
    rows = [vars(parameter) for parameter in parameters(trainer.Config)]
    return {
        "parameters": [
            {
                **row,
                "default": to_jsonable_python(row["default"], fallback=lambda value: None),
                "required": row["default"] is PydanticUndefined,
            }
            for row in rows
        ],
        "metrics": metrics_table(trainer),
        "needs_data": trainer.needs_data,
    }


def metrics_table(trainer: Described) -> dict[str, Any]:
    """What a trainer reports, as JSON has it: name to a sentence, or to a `Metric`'s fields."""
    return {
        name: said if isinstance(said, str) else asdict(said)
        for name, said in trainer.metrics.items()
    }


def _parameters(config: type[BaseModel], prefix: str) -> Iterator[Parameter]:
    about = sentences(config)
    for name, field in config.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _parameters(kind, f"{prefix}{name}.")
            continue
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        yield Parameter(
            name=prefix + name,
            type=_type_name(kind),
            default=_plain(field.get_default(call_default_factory=True, validated_data={})),
            bounds=_bounds(field),
            unit=str(extra.get("unit", "")),
            source=str(extra.get("source", "")),
            about=about.get(name, ""),
        )


def _type_name(kind: Any) -> str:
    """`int`, `number or null`, `"small" or "paper"`, `list of number`."""
    origin = get_origin(kind)
    if origin is Literal:
        return " or ".join(f'"{v}"' if isinstance(v, str) else str(v) for v in get_args(kind))
    if origin in (Union, types.UnionType):
        return " or ".join(_type_name(part) for part in get_args(kind))
    if origin in (tuple, list):
        parts = dict.fromkeys(_type_name(part) for part in get_args(kind) if part is not ...)
        return f"list of {', '.join(parts)}"
    names = {float: "number", type(None): "null", Path: "path", str: "text"}
    return names.get(kind, getattr(kind, "__name__", str(kind)))


_SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


def _bounds(field: FieldInfo) -> str:
    return ", ".join(
        f"{sign} {getattr(bound, name)}"
        for bound in field.metadata
        for name, sign in _SIGNS.items()
        if hasattr(bound, name)
    )


def _plain(value: Any) -> Any:
    """A default as JSON has it."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        return list(value)
    return value
