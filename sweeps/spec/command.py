"""What a spec says of a command: `command:`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema

from ilsweep.sweeps.security import secrets
from ilsweep.trainers.core.contract import Params

PATTERNS = "patterns"
"""The format of a log that is read by the user's own expressions."""


FOREIGN = "foreign"
"""Key of the context of a validation: the spec is somebody else's, and nothing that it names is
imported."""


class _Kind(NamedTuple):
    """What a spec must know of a log's format."""

    live: bool = True
    binary: bool = False


def _kind(name: str, info: ValidationInfo) -> _Kind:
    from ilsweep.analysis.importers.registry import find  # most specs have no command

    not_imported = ":" in name and (info.context or {}).get(FOREIGN)
    if name == PATTERNS or not_imported:
        return _Kind()
    found = find(name)
    return _Kind(found.live, found.binary)


def _live_format(name: str, info: ValidationInfo) -> str:
    if not _kind(name, info).live:
        live = ", ".join(_live_names())
        raise ValueError(f"{name} is read only when it is whole; while it is written: {live}")
    return name


def _live_names() -> list[str]:
    from ilsweep.analysis.importers.registry import LIVE  # as above

    return [*LIVE, PATTERNS]


class _LiveNames:
    """The JSON schema of a format's name."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        del schema, handler
        return {"anyOf": [{"enum": _live_names()}, {"type": "string", "pattern": ":"}]}


Format = Annotated[str, AfterValidator(_live_format), _LiveNames()]
"""How metrics are written: a format of `ilsweep import`, or `module:NAME` of one's own."""


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is not a regular expression ({error})") from None
    return text


def _number_pattern(text: str) -> str:
    if re.compile(_pattern(text)).groups != 1:
        raise ValueError("needs exactly one group, around the number, as in 'loss=(\\S+)'")
    return text


def _inside(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError("must stay in the trial's folder, as 'logs/train.log' does")
    return path


def _no_secret(name: str) -> str:
    if secrets.NAME.search(name):
        raise ValueError(
            "looks like a secret, and records would keep it; set it where ilsweep is started: "
            "a command inherits it"
        )
    return name


Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"), AfterValidator(_no_secret)]
"""Name of an environment variable that may stand in a spec."""


class Section(Params):
    """A part of a spec that refuses keys it does not know."""


class MetricSource(Section):
    """Where a command writes metrics, and how."""

    format: Format
    """A log's format, `wandb` for an offline run's file, `json_lines`, `patterns` of yours, or
    `module:NAME` of a `LogFormat` of yours."""
    file: str = ""
    """A file that the command writes, relative to the trial's folder, `*` allowed; empty: what it
    prints."""
    patterns: dict[str, str] = {}
    """Metric to a regular expression with one group around the number; for `patterns`."""
    step: str = ""
    """Regular expression with one group around the step; without it reports are counted."""
    names: dict[str, str] = {}
    """What the command calls a metric, and what it is: `{heldout_ce: eval/eval_loss}`; the names of
    `docs/imports.md` are known."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"format": data}
        if isinstance(data, dict) and "patterns" in data:
            return {"format": "patterns", **data}
        return data

    @field_validator("file")
    @classmethod
    def _is_inside(cls, file: str) -> str:
        return _inside(file)

    @field_validator("patterns")
    @classmethod
    def _are_patterns(cls, patterns: dict[str, str]) -> dict[str, str]:
        return {name: _number_pattern(text) for name, text in patterns.items()}

    @field_validator("step")
    @classmethod
    def _is_pattern(cls, step: str) -> str:
        return _number_pattern(step) if step else step

    @model_validator(mode="after")
    def _fits(self, info: ValidationInfo) -> MetricSource:
        if (self.format == PATTERNS) != bool(self.patterns):
            raise ValueError("format: patterns and patterns: {metric: expression} go together")
        if self.step and not self.patterns:
            raise ValueError("step: goes with patterns:")
        if _kind(self.format, info).binary and not self.file:
            raise ValueError(f"format: {self.format} needs file:, such as 'wandb/*/run-*.wandb'")
        return self


class End(Section):
    """What ends a trial early, beside the scheduler."""

    silent_s: float = Field(1800, gt=0)
    """Failed after so many seconds without a line of output and without a metric."""
    max_s: float | None = Field(None, gt=0)
    """Failed after so many seconds in all."""
    output: list[Annotated[str, Field(min_length=1)]] = []
    """Failed as soon as a printed line matches one of these regular expressions."""
    grace_s: float = Field(5, ge=0, le=8)
    """Seconds between asking the processes to end (SIGTERM) and ending them (SIGKILL)."""

    @field_validator("output")
    @classmethod
    def _are_patterns(cls, output: list[str]) -> list[str]:
        return [_pattern(text) for text in output]


class Resume(Section):
    """How an interrupted trial goes on. Without it the trial begins anew."""

    checkpoint: str = Field(min_length=1)
    """File or folder in the trial's folder, `*` allowed; the newest counts. None there: begin
    anew."""
    args: list[str] = []
    """Arguments to add; `{checkpoint}` stands for the path."""
    argv: list[str] = []
    """The whole command line instead; `{checkpoint}` stands for the path."""

    @field_validator("checkpoint")
    @classmethod
    def _is_inside(cls, checkpoint: str) -> str:
        return _inside(checkpoint)

    @model_validator(mode="after")
    def _one_way(self) -> Resume:
        if bool(self.args) == bool(self.argv):
            raise ValueError("takes either args: (added) or argv: (instead)")
        return self


class Command(Section):
    """A training command, run once a trial: without a shell, in a folder of its own."""

    argv: list[str] = []
    """Program and arguments; `{kl_weight}` stands for a parameter, and `{seed}`, `{folder}` (the
    trial's own), `{trial}`, `{cpus}` for what the sweep knows. `{{` is a brace; `{aug!s}` writes a
    value as Python does (`True`, not `true`). For a ready
    command: how it begins, such as [accelerate, launch, main.py]."""
    args: list[str] = []
    """Further arguments of a ready command."""
    environment: str = ""
    """Folder of a virtual or conda environment whose programs come first."""
    cwd: str = ""
    """Working folder, beside the spec or in the folder where ilsweep is started; empty: the trial's
    own folder."""
    env: dict[Variable, str] = {}
    """Further environment variables; the same places as in `argv`."""
    config: str = ""
    """A training configuration (JSON) whose values the parameters change; for `command`, `{config}`
    is the trial's own copy."""
    version: Literal["0.4", "0.5", "0.6"] = "0.6"
    """Of `lerobot`: its version, where argument names differ."""
    metrics: list[MetricSource] = []
    """Where metrics come from; one or several."""
    end: End = End()
    """What ends a trial early."""
    after: list[str] | None = None
    """Command line to run once a trial has ended well; it prints metrics as JSON lines, such as
    probes, which count at the trial's last step. `lerobot` has its own; [] is none."""
    resume: Resume | None = None
    """How an interrupted trial goes on."""

    @field_validator("argv", "args", "after")
    @classmethod
    def _no_null(cls, words: list[str] | None) -> list[str] | None:
        for word in words or []:
            if "\0" in word:
                raise ValueError("an argument cannot hold a null character")
        return words

    @field_validator("metrics", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return value if isinstance(value, list) else [value]
