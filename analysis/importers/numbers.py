"""Printed numbers with something attached: a percent sign, a comma, a unit, a colour, a wrapper."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from ilsweep.analysis.records.curves import MAX_STEP

DIGITS = r"\d{1,18}"
"""A whole number that fits into 64 bits."""

LONGEST = 80
"""Characters of a number with all that is attached to it."""

THOUSANDS = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12}

UNITS = frozenset([
    "s", "ms", "us", "min", "m", "h", "it/s", "s/it", "step/s", "steps/s", "smp/s", "samples/s",
    "GB", "MB", "KB", "GiB", "MiB", "KiB", "Hz", "W", "C", "°C", "mm", "cm", "rad", "deg", "px",
    "x",
])  # fmt: skip
"""What may stand behind a number; it is left off."""

COLOUR = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")

_WIDE = re.compile("[，；。、）]")
_HALF = str.maketrans("％−", "%-")
"""Signs as Chinese text and typesetting have them; a number ends before the first."""

_WRAPPED = re.compile(r"^(?:[A-Za-z_][\w.]{0,30})\(\[?([^,()\[\]]{1,60})[^()]{0,60}\)?$")
_OF = re.compile(rf"^({DIGITS})\s?/\s?({DIGITS})$", re.ASCII)
_NUMBER = re.compile(
    r"^([-+]?)(?:(\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*(?:[eE][-+]?\d{1,5})?|\.\d+(?:[eE][-+]?\d{1,5})?)"
    r"|(nan|inf(?:inity)?))\s?([A-Za-z°%/]{0,9})$",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True)
class Quantity:
    """A number as it was printed."""

    value: float
    percent: bool = False
    """It stood before a percent sign."""


def quantity(text: str) -> Quantity | None:
    """A printed number; None for any other text.

    `14.0%`, `12/50` (a share), `0.501,`, `1,234`, `1.2k`, `0.1s`, `nan`,
    `tensor(0.5, device='cuda:0')`.
    """
    text = _WIDE.split(COLOUR.sub("", text[: 2 * LONGEST]).translate(_HALF), maxsplit=1)[0].strip(
        "'\"`|;:, \t"
    )
    if not text or len(text) > LONGEST:
        return None
    if wrapped := _WRAPPED.match(text):
        text = wrapped[1].strip()
    if of := _OF.match(text.strip("()[]")):
        return Quantity(int(of[1]) / int(of[2])) if int(of[1]) <= int(of[2]) > 0 else None
    found = _NUMBER.match(text.strip("()[]{}, "))
    if not found:
        return None
    sign, digits, named, suffix = found.groups()
    if suffix and suffix != "%" and suffix not in UNITS and suffix not in THOUSANDS:
        return None
    if named and suffix and suffix != "%":
        return None
    value = float((named or digits).replace(",", "")) * THOUSANDS.get(suffix, 1.0)
    return Quantity(-value if sign == "-" else value, suffix == "%")


def counted_in(text: Any) -> int | None:
    """Of how many a share is that was printed as a count: 20 of `7/20`; None for other texts."""
    found = _OF.match(text.strip("'\"`|;:, \t()[]")) if isinstance(text, str) else None
    return int(found[2]) if found and 0 < int(found[2]) >= int(found[1]) else None


def as_number(text: str) -> float | None:
    """A printed number without what is attached to it, `nan` and `inf` included.

    None for any other text.
    """
    try:
        return float(text)
    except ValueError:
        found = quantity(text)
        return None if found is None else found.value


def as_step(value: Any) -> int | None:
    """A step written as `50` or `50.0`; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if abs(value) <= MAX_STEP and int(value) == value else None


def as_metric(value: Any) -> float | None:
    """A finite or unfinite number, also one written as text; None for what is no number."""
    if isinstance(value, str):
        return as_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.nan


@dataclass
class Unread:
    """Values that are no numbers, by metric: said once a metric."""

    texts: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def number(self, metric: str, text: str) -> float | None:
        """The number; one that is not understood is noted."""
        value = as_number(text)
        if value is None:
            self.texts.setdefault(metric, text[:LONGEST])
            self.counts[metric] = self.counts.get(metric, 0) + 1
        return value

    def notes(self, of: Container[str] | None = None) -> list[str]:
        """One line a metric, of all or of some."""
        return [
            f"{metric}: {text!r} is not understood as a number ({self.counts[metric]} in all)"
            for metric, text in self.texts.items()
            if of is None or metric in of
        ]


def numbers_of(values: Mapping[str, Any]) -> dict[str, float]:
    """The values that are numbers."""
    found = ((name, as_metric(value)) for name, value in values.items())
    return {name: value for name, value in found if value is not None}
