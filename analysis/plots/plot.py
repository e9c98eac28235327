"""A picture: its file, the section of the report that shows it, its caption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analysis.findings.finding import Text

Section = Literal["ranking", "front", "curves", "importance"]


@dataclass(frozen=True)
class Plot:
    """A PNG in the sweep's `plots/`."""

    file: str
    section: Section
    caption: Text
