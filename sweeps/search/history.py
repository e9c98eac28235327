"""What a search asked and was told, in order: `search.jsonl` in a sweep's folder.

A sampler goes by the order in which it heard of results, so that the records alone cannot bring
back a search: two lines can, one for each draw and one for each configuration that ended. A draw
is written before its trials begin. Results stand in the records alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.files import append_line


@dataclass(frozen=True)
class Asked:
    """A draw: which configuration it led to, a new one or one that was known."""

    config_id: str
    raw: dict[str, Any]
    """As the sampler drew it."""
    searched: dict[str, Any]
    sampled: bool = False
    """The spec's sampler drew it, which may have noted something in the study."""


@dataclass(frozen=True)
class Told:
    """A configuration's end, as the sampler heard of it."""

    config_id: str


def read(path: Path) -> Iterator[Asked | Told]:
    """The lines of an earlier session; what a kill left torn is left out."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        match row:
            case {"asked": str(config), "raw": dict(raw), "searched": dict(searched)}:
                yield Asked(config, raw, searched, row.get("sampled") is True)
            case {"told": str(config)}:
                yield Told(config)


def note(path: Path, event: Asked | Told) -> None:
    """Add a line.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    if isinstance(event, Told):
        append_line(path, {"told": event.config_id})
    else:
        row = vars(event).copy()
        append_line(path, {"asked": row.pop("config_id"), **row})
