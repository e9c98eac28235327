"""What the models of a spec's sections refuse, in the words of a spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from ilsweep.sweeps.errors import Problem, nearest
from ilsweep.sweeps.spec.command import Command, End, MetricSource, Resume
from ilsweep.sweeps.spec.model import (
    ControlsSection,
    Hypothesis,
    Limits,
    Objective,
    Race,
    Reference,
    Resources,
    Scheduler,
    Search,
    SweepSpec,
    Wandb,
)
from ilsweep.sweeps.validation.words import told

SECTIONS: Mapping[str, type[BaseModel]] = {
    "objective": Objective, "seeds": Race, "search": Search, "scheduler": Scheduler,
    "resources": Resources, "limits": Limits, "hypotheses": Hypothesis, "wandb": Wandb,
    "controls": ControlsSection, "reference": Reference,
    "command": Command, "metrics": MetricSource, "end": End, "resume": Resume,
}  # fmt: skip
"""What a spec has below its top, by the key that it stands under."""


FEW = 3
"""So many keys are shown as they are written; of a section with more, their names."""


def section_problems(error: ValidationError) -> Iterator[Problem]:
    """What a spec's model refuses, each by its place."""
    for item in error.errors():
        path = [str(part) for part in item["loc"] if not _union_tag(part)]
        where = ".".join(path)
        if item["type"] == "extra_forbidden":
            yield Problem(where, "unknown key", path[-1], nearest(path[-1], _keys_at(path[:-1])))
        elif item["type"] == "missing":
            yield Problem(where, "is missing", valid=example(path))
        else:
            rule, valid = told(item)
            shown = _form(path) if item["type"].startswith("model_") else valid
            yield Problem(where or "spec", rule, item["input"], shown)


def _form(path: list[str]) -> str:
    """A section as it is written, with its first keys."""
    keys = _keys_at(path)
    return f"{{{': ..., '.join(keys[:FEW])}: ...}}" if len(keys) <= FEW else ", ".join(keys)


def _union_tag(part: object) -> bool:
    return isinstance(part, str) and (part in ("Objective", "Race") or part.startswith("list["))


def _keys_at(path: list[str]) -> list[str]:
    model: Any = SweepSpec
    for part in path:
        model = SECTIONS.get(part, model)
    return list(model.model_fields)


def example(path: list[str]) -> str:
    """What could stand where something is missing."""
    examples = {"name": "my-sweep", "trainer": "act_ot", "metric": "eval/offline_eval/avg_l1",
                "mode": "min or max", "expect": "increase, decrease or no_effect",
                "at_least": "3", "at_most": "10"}  # fmt: skip
    return examples.get(path[-1], "")
