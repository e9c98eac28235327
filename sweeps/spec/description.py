"""What is known of a trainer without training: ours, a user's, a command or a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ilsweep.trainers.core.contract import Metric, Params, Trainer
from ilsweep.trainers.core.metric_needs import Needs
from ilsweep.trainers.core.registry import TRAINERS, find


def _no_mistakes(config: Any, data: Any) -> list[str]:
    del config, data
    return []


@dataclass(frozen=True)
class TrainerDescription:
    """What a spec's trainer takes, reports and needs; each field is that of `TrainerSpec`."""

    Config: type[Params]
    """Its parameters; `steps` is among them."""
    metrics: Mapping[str, str | Metric] = field(default_factory=dict)
    metrics_need: Mapping[str, Needs] = field(default_factory=dict)
    needs_data: bool = False
    data_defaults: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[Any, Any], list[str]] = _no_mistakes
    check_loaded: Callable[[Any, Any], list[str]] = _no_mistakes
    solves: bool = False
    """Whether its policies can be tried on a simulator's episodes."""


def description_of(name: str) -> TrainerDescription:
    """The description of a trainer that trains in our process.

    Raises:
        UnknownTrainer: there is none; the message says what would be valid.
    """
    known = find(name)
    own = issubclass(known, Trainer) and known.solve is not Trainer.solve
    return TrainerDescription(
        Config=known.Config,
        metrics=known.metrics,
        metrics_need=known.metrics_need,
        needs_data=known.needs_data,
        data_defaults=known.data_defaults,
        check=known.check,
        check_loaded=known.check_loaded,
        solves=own or name in TRAINERS,
    )
