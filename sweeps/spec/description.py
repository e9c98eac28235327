"""What is known of a trainer without training: that of a class, a command, or a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ilsweep.trainers.core.contract import Params, Trainer


def _no_mistakes(config: Any, data: Any) -> list[str]:
    del config, data
    return []


@dataclass(frozen=True)
class TrainerDescription:
    """What a spec's trainer takes, reports and needs; each field is that of `Trainer`."""

    Config: type[Params]
    """Its parameters; `steps` is among them."""
    metrics: Mapping[str, str] = field(default_factory=dict)
    metrics_need: Mapping[str, str] = field(default_factory=dict)
    needs_data: bool = False
    data_defaults: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[Any, Any], list[str]] = _no_mistakes
    solves: bool = False
    """Whether its policies can be tried on a simulator's episodes."""


def description_of(trainer: type[Trainer]) -> TrainerDescription:
    """The description of a trainer's class."""
    return TrainerDescription(
        Config=trainer.Config,
        metrics=trainer.metrics,
        metrics_need=trainer.metrics_need,
        needs_data=trainer.needs_data,
        data_defaults=trainer.data_defaults,
        check=trainer.check,
        solves=trainer.solve is not Trainer.solve,
    )
