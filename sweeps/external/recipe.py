"""A command line with places for parameters: what a trial's values are filled into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ilsweep.sweeps.external.registry import find_adapter
from ilsweep.sweeps.spec.command import Command, MetricSource, Resume


@dataclass(frozen=True)
class Recipe:
    """A command with its parameters' places unfilled."""

    words: list[str]
    env: dict[str, str]
    sources: list[MetricSource]
    resume: Resume | None
    after: list[str]
    command: Command


def recipe_of(trainer: str, command: Command, given: Mapping[str, Any]) -> Recipe:
    """The command with its places unfilled.

    Args:
        given: The parameters that the spec fixes or varies; a varied one may have the value None.
    """
    adapter = find_adapter(trainer)
    if adapter is None:
        return Recipe(
            words=command.argv,
            env=command.env,
            sources=command.metrics,
            resume=command.resume,
            after=command.after or [],
            command=command,
        )
    return Recipe(
        words=adapter.words(command, given),
        env={**adapter.env, **command.env},
        sources=command.metrics or [adapter.source],
        resume=command.resume or adapter.resume_of(command),
        after=list(adapter.after) if command.after is None else command.after,
        command=command,
    )
