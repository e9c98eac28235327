"""Ready commands: what our parameter names are called in each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from ilsweep.sweeps.errors import Problem
from ilsweep.sweeps.spec.command import Command, MetricSource, Resume
from ilsweep.trainers.core.contract import Params
from ilsweep.trainers.core.registry import Parameter, parameters


def argument(words: str, default: Any = None, *, unit: str = "", **bounds: Any) -> Any:
    """A parameter and the words that pass it on, as `--lr={lr}` or `--lr {lr}`.

    One whose default is None is passed on where the spec gives it; one without a place is a switch,
    passed on where it is true.
    """
    return Field(default, json_schema_extra={"unit": unit, "source": words}, **bounds)


def no_problems(command: Command, given: Mapping[str, Any]) -> Iterable[Problem]:
    """For an adapter that checks nothing of its own."""
    del command, given
    return ()


def no_words(command: Command, given: Mapping[str, Any]) -> list[str]:
    """For an adapter that adds no words to the command line."""
    del command, given
    return []


def no_base(command: Command) -> dict[str, Any]:
    """For an adapter whose configuration file is not read."""
    del command
    return {}


@dataclass(frozen=True)
class Adapter:
    """A training script that is known: a spec names it as its trainer."""

    about: str
    Config: type[Params]
    """Our names, each with its words; `steps` is among them."""
    start: tuple[str, ...]
    """How the command line begins, unless the spec says otherwise."""
    always: tuple[str, ...]
    """Words passed in any case; `{seed}` and `{folder}` are among them."""
    source: MetricSource
    metrics: Mapping[str, str]
    """What it reports, as `Trainer.metrics`."""
    metrics_need: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Metrics (`*` allowed) that come only where a setting of the script, by its own name, is on:
    that name, and what a spec would say."""
    env: Mapping[str, str] = field(default_factory=dict)
    resume: Resume | None = None
    after: tuple[str, ...] = ()
    """What is run once a trial has ended well, as `command.after`."""
    example: str = "{args: [...]}"
    """What a spec says under `command`, where nothing special is wanted."""
    in_repository: str = ""
    """What the working folder has to be; empty where it is the trial's own."""
    takes_config: bool = False
    """Whether `command.config` can be given."""
    by_extra: tuple[str, ...] = ()
    """Parameters whose words come from `extra`."""
    free: tuple[str, ...] = ()
    """Beginnings of parameters that are passed on as they are called, `--NAME={NAME}`."""
    check: Callable[[Command, Mapping[str, Any]], Iterable[Problem]] = no_problems
    """Mistakes beyond single parameters, for the parameters given."""
    needs: Callable[[Command, Mapping[str, Any]], Iterable[Problem]] = no_problems
    """What a trial needs and this machine lacks."""
    extra: Callable[[Command, Mapping[str, Any]], list[str]] = no_words
    """Further words, for the parameters given."""
    base: Callable[[Command], dict[str, Any]] = no_base
    """Values of our parameters in `command.config`."""
    renamed: Callable[[Command, str], str] = lambda command, words: words
    """A parameter's words in the version that the spec names."""

    def resume_of(self, command: Command) -> Resume | None:
        """How it goes on, with the beginning of the command line that the spec has."""
        if self.resume is None or not self.resume.argv or not command.argv:
            return self.resume
        argv = [*command.argv, *self.resume.argv[len(self.start) :]]
        return Resume(checkpoint=self.resume.checkpoint, argv=argv)

    def is_free(self, name: str) -> bool:
        return name.startswith(self.free) if self.free else False

    def parameters(self) -> list[Parameter]:
        return parameters(self.Config)

    def words(self, command: Command, given: Mapping[str, Any]) -> list[str]:
        """The command line's words for the parameters given, places unfilled."""
        base = self.base(command)
        words = [*(command.argv or self.start), *self.always]
        words += self.extra(command, {**base, **given})
        for parameter in self.parameters():
            name = parameter.name
            left = name not in given and (parameter.default is None or name in base)
            if left or name in self.by_extra:
                continue
            value = given.get(name, parameter.default)
            text = self.renamed(command, parameter.source)
            if "{" in text or value is True:
                words += text.split()
        words += [f"--{name}={{{name}}}" for name in given if self.is_free(name)]
        return words + command.args
