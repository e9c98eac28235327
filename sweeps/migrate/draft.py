"""A spec made from something else, and what could not be carried over."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ilsweep.sweeps.errors import SpecError, secret
from ilsweep.sweeps.security.secrets import secrets_in
from ilsweep.sweeps.spec import yamlio

LISTED = 5
"""So many different numbers are a list; more are a range."""

DECADE = 10
"""A range whose ends differ by this factor is searched by its logarithm."""

STEPS = ("steps", "max_steps", "num_steps", "train_steps", "max_train_steps", "num_train_steps",
         "total_steps", "training_steps", "n_steps", "num_epochs", "epochs", "max_epochs",
         "n_epochs")  # fmt: skip
"""What scripts call the length of a training."""

UNKNOWN_STEPS = 1000

FEWEST = 10
"""Configurations of a search that begins with known points, at least."""


@dataclass
class Draft:
    """A spec on its way."""

    spec: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    """What the reader has to know: left out, guessed, meant otherwise."""

    def text(self) -> str:
        """YAML with the notes above it.

        Raises:
            SpecError: what it was made from holds a key or a token.
        """
        if secrets := [secret(where, why) for where, why in secrets_in(self.spec, os.environ)]:
            raise SpecError(secrets)
        lines = [f"# {note}" for note in self.notes]
        return "\n".join([*lines, yamlio.dump(self.spec)])


def name_of(text: str, otherwise: str) -> str:
    """A sweep's name out of a title or a file's name."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:64]
    return name or otherwise


def is_finite(value: Any) -> bool:
    """Whether a value is a number that a float can hold."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= sys.float_info.max


def span(values: Iterable[Any]) -> dict[str, Any]:
    """The domain that values span: a list of few or of what is no finite number, else a range.

    `values` are different from each other, and at least two.
    """
    found = list(values)
    numbers = [value for value in found if is_finite(value)]
    if len(numbers) < len(found):
        return {"choice": found}
    if len(found) <= LISTED:
        return {"choice": sorted(numbers)}
    whole = all(isinstance(v, int) for v in numbers)
    return spread(min(numbers), max(numbers), whole=whole, log=None)


def spread(low: float, high: float, *, whole: bool, log: bool | None) -> dict[str, Any]:
    """The range from `low` to `high`, both included.

    By logarithm where `log` says so, or where it is None and they are far apart.
    """
    if log is None:
        log = low > 0 and high / low >= DECADE
    if whole:
        return {"lograndint" if log else "randint": [int(low), int(high) + 1]}
    return {"loguniform" if log else "uniform": [float(low), float(high)]}


def is_grid(columns: Sequence[Sequence[Any]], rows: Sequence[tuple[Any, ...]]) -> bool:
    """Whether `rows` are all combinations of the columns' different values, each once."""
    sizes = [len({repr(value) for value in column}) for column in columns]
    return len({repr(row) for row in rows}) == len(rows) == math.prod(sizes)


def trials_after(known: int) -> int:
    """Configurations of a search that begins with so many known points."""
    return max(FEWEST, 2 * known)


def steps_among(params: dict[str, Any]) -> int | None:
    """The length of the training, where a parameter's name says that it is one."""
    for wanted in STEPS:
        for name, value in params.items():
            if name.rsplit(".", 1)[-1] == wanted and type(value) is int and value > 0:
                return value
    return None
