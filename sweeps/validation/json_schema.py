"""What can stand in a spec, for editors and readers: its JSON schema, and trainers' parameters."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from ilsweep.sweeps.errors import Problem, SpecError
from ilsweep.sweeps.external.registry import (
    ABOUT_PLAIN,
    COMMANDS,
    config_of,
    find_adapter,
)
from ilsweep.sweeps.spec.description import TrainerDescription
from ilsweep.sweeps.spec.domains import KINDS
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.sweeps.validation.metrics import meaning, metrics_of
from ilsweep.sweeps.validation.sections import SECTIONS
from ilsweep.trainers.core.field_docs import sentences
from ilsweep.trainers.core.registry import TRAINERS, Described, UnknownTrainer, find, parameters


def schema() -> dict[str, Any]:
    """The JSON schema of a spec; its `trainer` is a known name or `module:Class`."""
    result = SweepSpec.model_json_schema()
    models: tuple[type[BaseModel], ...] = (SweepSpec, *SECTIONS.values())
    for model in models:
        part = result if model is SweepSpec else result["$defs"][model.__name__]
        for name, sentence in sentences(model).items():
            part["properties"][name]["description"] = sentence
    names = [*sorted(TRAINERS), *COMMANDS]
    result["properties"]["trainer"]["anyOf"] = [{"enum": names}, {"pattern": r"^[\w.]+:\w+$"}]
    result["properties"]["space"]["additionalProperties"] = {"$ref": "#/$defs/Domain"}
    result["$defs"]["Domain"] = {
        "oneOf": [
            {
                "type": "object",
                "properties": {name: {"type": "array", "description": ", ".join(kind.args)}},
                "required": [name],
                "additionalProperties": False,
            }
            for name, kind in KINDS.items()
        ]
    }
    return result


def list_trainers() -> list[dict[str, Any]]:
    """Name and one sentence of every ready trainer, commands last."""
    ours = {name: (inspect.getdoc(find(name)) or "").splitlines()[0] for name in sorted(TRAINERS)}
    commands = {
        name: adapter.about if (adapter := find_adapter(name)) else ABOUT_PLAIN for name in COMMANDS
    }
    return [{"name": name, "about": about} for name, about in {**ours, **commands}.items()]


def describe_trainer(name: str) -> list[dict[str, Any]]:
    """A trainer's parameters, then what it logs, told by `kind`.

    Of a parameter: name, type, default, bounds, unit, source and a sentence; of a metric: name,
    unit, direction and a sentence.

    Raises:
        SpecError: no such trainer.
    """
    try:
        trainer = _command(name) if name in COMMANDS else find(name)
    except UnknownTrainer as error:
        rule = f"{error}, or a command: {', '.join(COMMANDS)}"
        raise SpecError([Problem("trainer", rule)]) from None
    return [*_parameters(trainer.Config), *_metrics(trainer)]


def _command(name: str) -> TrainerDescription:
    adapter = find_adapter(name)
    return TrainerDescription(config_of(adapter), adapter.metrics if adapter else {})


def _metrics(trainer: Described) -> Iterator[dict[str, Any]]:
    for metric in metrics_of(trainer):
        known = {"unit": metric.unit, "direction": metric.direction, "about": metric.about}
        yield {"kind": "metric", "name": metric.name, **known, "meaning": meaning(metric)}


def _parameters(config: type[BaseModel]) -> list[dict[str, Any]]:
    return [
        {
            "kind": "parameter",
            "name": parameter.name,
            "type": parameter.type,
            "default": parameter.default,
            "bounds": parameter.bounds,
            "unit": parameter.unit,
            "source": parameter.source,
            "about": parameter.about,
        }
        for parameter in parameters(config)
    ]
