"""What a folder says of its trainer, so that a next stage is proposed without asking the trainer.

`run` writes the trainer's parameters and metrics into `manifest.json` (`table` of the registry).
Proposals are checked against that table: looking at a folder imports nothing that it names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, create_model

from ilsweep.analysis.load.sweep import Sweep
from ilsweep.analysis.records.joint import names_of
from ilsweep.analysis.text import Text
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.external.registry import COMMANDS
from ilsweep.sweeps.spec.description import TrainerDescription
from ilsweep.sweeps.spec.domain_form import parse_dimension
from ilsweep.sweeps.spec.domains import Domain, DomainError, by_parameter
from ilsweep.sweeps.spec.params import flat
from ilsweep.sweeps.validation.validate import check
from ilsweep.trainers.core.contract import Params, TrainerSpec
from ilsweep.trainers.core.registry import TRAINERS
from ilsweep.trainers.core.registry import table as table_of

NO_TABLE = Text(
    "This folder does not say what its trainer takes (an earlier version wrote it): nothing beyond "
    "what was searched is proposed.",
    "该目录未记录训练器的参数表（由早期版本写入）：不提出超出已搜索范围的修改。",
)

MOST = 2000
"""Rows of a table that are read."""

Fields = dict[str, tuple[Any, Any]]
"""Dotted name to (annotation, default), as pydantic takes them."""


@dataclass(frozen=True)
class Known:
    """How the proposals of one folder are checked."""

    valid: Callable[[Mapping[str, Any]], bool]
    """Whether a proposed spec could be run."""
    note: Text | None = None
    """What a reader of the proposals must know."""


def by_record(sweep: Sweep) -> Known:
    """How the proposals of a folder are checked.

    Ready trainers are our own code and are asked; of any other trainer only what the manifest says
    is known. A command's file that the folder names is not read.
    """
    spec, recorded = sweep.spec, sweep.manifest.get("trainer")
    name, command = spec.get("trainer"), spec.get("command")
    reads = isinstance(command, Mapping) and bool(command.get("config"))
    if isinstance(name, str) and (name in TRAINERS or (name in COMMANDS and not reads)):
        return Known(partial(_valid, None))
    fields = _read(recorded)
    if fields:
        return Known(partial(_valid, _stand_in(fields, recorded)))
    return Known(partial(_valid, _stand_in(_searched(spec), None)), NO_TABLE)


def _valid(trainer: TrainerDescription | None, spec: Mapping[str, Any]) -> bool:
    try:
        check(spec, trainer=trainer, foreign=True)
    except SpecError:
        return False
    return True


def _stand_in(fields: Fields, recorded: Any) -> TrainerDescription:
    """A trainer with these parameters."""
    recorded = recorded if isinstance(recorded, Mapping) else {}
    metrics = recorded.get("metrics")
    known = [*filter(_is_text, metrics)] if isinstance(metrics, Mapping) else []
    return TrainerDescription(
        Config=_model("Parameters", {**_ours(only="steps"), **fields}),
        metrics=dict.fromkeys(known, ""),
        needs_data=recorded.get("needs_data") is True,
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _model(name: str, fields: Fields) -> type[Params]:
    """A configuration of these fields, dotted names as groups."""
    groups: dict[str, Fields] = {}
    for path, field in fields.items():
        first, _, rest = path.partition(".")
        groups.setdefault(first, {})[rest] = field
    made: dict[str, Any] = {}
    for first, below in groups.items():
        if "" in below:
            made[first] = below[""]
            continue
        inner = _model(first, below)
        needed = any(field.is_required() for field in inner.model_fields.values())
        made[first] = (inner, ... if needed else inner())
    return create_model(name, __base__=Params, **made)


def _ours(only: str = "") -> Fields:
    """The parameters that every trainer has."""
    return _read(table_of(TrainerSpec), only)


_PART = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _is_name(name: str) -> bool:
    """Whether it can be a parameter's: no word that a configuration itself needs."""
    return all(
        _PART.fullmatch(part) and not hasattr(Params, part) and not part.startswith("model_")
        for part in name.split(".")
    )


def _read(recorded: Any, only: str = "") -> Fields:
    """The fields of a manifest's table; rows that say nothing sound are passed over."""
    rows = recorded.get("parameters") if isinstance(recorded, Mapping) else None
    fields: Fields = {}
    for row in rows[:MOST] if isinstance(rows, list) else ():
        name = str(row.get("name")) if isinstance(row, Mapping) else ""
        if _is_name(name) and only in ("", name):
            fields[name] = _field(row)
    return fields


def _field(row: Mapping[str, Any]) -> tuple[Any, Any]:
    kind = _kind(row.get("type"))
    options: dict[str, Any] = _bounds(row.get("bounds")) if kind in BOUNDED else {}
    return kind, Field(... if row.get("required") is True else row.get("default"), **options)


KINDS: Mapping[str, Any] = {
    "int": int, "number": float, "bool": bool, "text": str, "path": str, "null": type(None),
}  # fmt: skip
BOUNDED = (int, float, int | None, float | None)


def _kind(recorded: object) -> Any:
    """The type of `number or null`, `"small" or "paper"`; anything where it is not known."""
    parts = recorded.split(" or ") if isinstance(recorded, str) else []
    if parts and all(re.fullmatch(r'"[^"]*"', part) for part in parts):
        return Literal[tuple(part.strip('"') for part in parts)]
    if parts and all(part in KINDS for part in parts):
        return reduce(or_, (KINDS[part] for part in parts))
    return Any


_SIGNS = {">": "gt", ">=": "ge", "<": "lt", "<=": "le"}


def _bounds(recorded: object) -> dict[str, float]:
    """`> 0, <= 1` as pydantic has it."""
    found = {}
    for part in recorded.split(", ") if isinstance(recorded, str) else ():
        sign, _, number = part.partition(" ")
        if sign in _SIGNS and re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", number):
            found[_SIGNS[sign]] = float(number)
    return found


def _searched(spec: Mapping[str, Any]) -> Fields:
    """The fields of every trainer, and the parameters of the spec.

    The fixed parameters as they are, the searched ones as far as they were searched.
    """
    params, space = spec.get("params"), spec.get("space")
    fields = _ours()
    for name, value in flat(params).items() if isinstance(params, Mapping) else ():
        if _is_name(str(name)) and name not in fields:
            fields[name] = (Annotated[Any, AfterValidator(partial(_same, value))], None)
    for dimension, entry in space.items() if isinstance(space, Mapping) else ():
        for name, domain in _domains(str(dimension), entry).items():
            if _is_name(name):
                fields[name] = (Annotated[Any, AfterValidator(partial(_within, domain))], None)
    return fields


def _domains(dimension: str, entry: object) -> Mapping[str, Domain | None]:
    """By parameter; None where the entry is no domain."""
    try:
        return dict(by_parameter({dimension: parse_dimension(dimension, entry)}))
    except DomainError:
        return dict.fromkeys(names_of(dimension))


def _same(known: Any, value: Any) -> Any:
    if value != known:
        raise ValueError("was not searched")
    return value


def _within(domain: Domain | None, value: Any) -> Any:
    if domain is None:
        return value
    if domain.kind.listed:
        inside = value in domain.values
    else:
        low, high = domain.extremes()
        inside = isinstance(value, int | float) and low <= value <= high
    if not inside:
        raise ValueError("lies beyond what was searched")
    return value
