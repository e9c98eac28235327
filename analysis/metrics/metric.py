"""What is known of a metric: `Metric`, one line of the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ilsweep.analysis.text import Text

Mode = Literal["min", "max"]

Role = Literal[
    "loss", "error", "regulariser", "held_out", "success", "transport", "optimiser", "probe",
    "count", "other",
]  # fmt: skip
"""What a metric is to a reader: what the optimiser descends; the error of the actions in training,
without regularisers; a regulariser; the error on held-out episodes; behaviour; optimal transport;
the optimiser's own course; what a probe found; how many or how long; anything else."""


@dataclass(frozen=True)
class Metric:
    """One metric, or with a `*` in its name a family of them."""

    name: str
    about: str
    """One sentence, without the unit."""
    unit: str = ""
    direction: Mode | None = None
    """Which end of it is good; None where neither is, or where that is not known."""
    role: Role = "other"
    label: Text | None = None
    """What reports call it, with `*` for the part of a family's name; None: by its name."""
    drawn: bool = False
    """Whether its learning curve is drawn where nothing asks for it."""
    default: bool = False
    """Whether a sweep that names no objective is ranked by it."""
    smallest_effect: float | None = None
    """The smallest difference that matters, in its unit; None where that depends on the task."""
