"""A spec's command as the description of a trainer: its parameters are its places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import create_model

from ilsweep.analysis.importers.metric_names import known, recorded_name
from ilsweep.sweeps.external.adapters.base import Adapter
from ilsweep.sweeps.external.registry import config_of
from ilsweep.sweeps.metrics import full_name
from ilsweep.sweeps.spec.command import Command
from ilsweep.sweeps.spec.description import TrainerDescription
from ilsweep.sweeps.spec.templates import NAME
from ilsweep.trainers.core.contract import Params, param


def description_of(
    adapter: Adapter | None, command: Command, names: Sequence[str]
) -> TrainerDescription:
    """What a command takes and reports; `names` are the parameters that the spec gives."""
    base = config_of(adapter)
    own = [n for n in names if NAME.match(n) and (adapter is None or adapter.is_free(n))]
    fields = _fields([n for n in own if n not in base.model_fields])
    for field, value in (adapter.base(command) if adapter else {}).items():
        fields[field] = (base.model_fields[field].annotation, param(value))
    config = cast("type[Params]", create_model("Parameters", __base__=base, **fields))
    return TrainerDescription(config, metrics=_metrics(command, adapter))


def _fields(names: list[str]) -> dict[str, Any]:
    """Fields that take anything, dotted names as groups."""
    groups: dict[str, list[str]] = {}
    for name in names:
        first, _, rest = name.partition(".")
        groups.setdefault(first, []).append(rest)
    fields: dict[str, Any] = {}
    for first, below in groups.items():
        if below == [""]:
            fields[first] = (Any, None)
        else:
            inner = create_model(first, __base__=Params, **_fields(list(filter(None, below))))
            fields[first] = (inner, inner())
    return fields


def _metrics(command: Command, adapter: Adapter | None) -> Mapping[str, str]:
    """What is reported, where that is known; else empty."""
    if adapter:
        return adapter.metrics if not command.metrics else {}
    if not all(source.patterns for source in command.metrics):
        return {}
    names = [name for source in command.metrics for name in source.patterns]
    spellings = (full_name, known, recorded_name)
    own = [ours for source in command.metrics for ours in source.names.values()]
    return dict.fromkeys([*(spelt(name) for name in names for spelt in spellings), *own], "")
