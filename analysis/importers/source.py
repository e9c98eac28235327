"""What every reader of a foreign format takes and gives: `Source`, `ForeignRun`."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.curves import MAX_STEP
from ilsweep.analysis.records.model import State

HEAD_BYTES = 1 << 20
"""A format is told from the beginning of a file."""

LONGEST_NAME = 500
"""Characters of the name of a parameter or a metric."""

DIGITS = r"\d{1,18}"
"""A whole number that fits into 64 bits."""

GENERIC_NAMES = {"log", "logs", "train", "train_log", "output", "out", "stdout", "stderr",
                 "eval_info", "metrics", "history", "result", "results"}  # fmt: skip
"""Such a file is named after its folder."""

_NUMBER = r"[-+]?(?:\d++(?:\.\d*+)?(?:[eE][-+]?\d++)?|nan|inf)"
_PAIR = re.compile(rf"'([^']+)':\s*(?:[\w.]+\()?({_NUMBER})(?=[,)}}\s])")
_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")


@dataclass(frozen=True)
class ForeignRun:
    """A run as another tool recorded it."""

    id: str
    """Its own id; made safe for a file name later."""
    rows: list[dict[str, Any]]
    """Reports, each with an integer `step` and metrics by their names in the contract."""
    name: str = ""
    url: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    """As its owner wrote it; may be nested."""
    state: State = "completed"
    error: str = ""
    ended: str = ""
    """ISO 8601; empty where the format does not say."""
    seconds: float = math.nan


@dataclass(frozen=True)
class Source:
    """A file to import, read once."""

    path: Path
    content: bytes

    @cached_property
    def head(self) -> str:
        """The beginning as text, a carriage return ending a line as a line feed does."""
        return _text(self.content[:HEAD_BYTES])

    @property
    def lines(self) -> Iterator[str]:
        """The file's lines, one at a time; a progress bar redrawn in place is a line each time."""
        file = io.BytesIO(self.content)
        with io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace") as text:
            for line in text:
                yield line.removesuffix("\n")

    @property
    def run_id(self) -> str:
        """A name for a run that has none: the file's, or its folder's where that says nothing."""
        stem = self.path.name.split(".")[0]
        if stem.lower() not in GENERIC_NAMES:
            return stem
        return self.path.resolve().parent.name or stem

    @cached_property
    def time(self) -> str:
        """The last time that the file itself speaks of; empty where it speaks of none."""
        found = _TIME.findall(_text(self.content[-HEAD_BYTES:]))
        return "T".join(found[-1]) if found else ""

    def objects(self) -> Iterator[dict[str, Any]]:
        """The JSON objects of a file of JSON lines; torn and foreign lines are passed over."""
        for line in self.lines:
            value = parse_json(line)
            if isinstance(value, dict):
                yield value


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")


def parse_json(text: str | bytes) -> Any:
    """The value, or None for what is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def modified(path: Path) -> str:
    """When a file was last written, ISO 8601 in UTC."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")


def flatten(value: Mapping[str, Any], prefix: str = "", joiner: str = ".") -> dict[str, Any]:
    """A nested mapping by joined names; empty mappings vanish, and so do names that are longer than
    any that somebody wrote."""
    flat: dict[str, Any] = {}
    waiting = [(prefix, iter(value.items()))]
    while waiting:
        above, items = waiting[-1]
        for key, item in items:
            name = f"{above}{joiner}{key}" if above else str(key)
            if len(name) > LONGEST_NAME:
                continue
            if isinstance(item, Mapping):
                waiting.append((name, iter(item.items())))
                break
            flat[name] = item
        else:
            waiting.pop()
    return flat


def as_step(value: Any) -> int | None:
    """A step written as `50` or `50.0`; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if abs(value) <= MAX_STEP and int(value) == value else None


def as_metric(value: Any) -> float | None:
    """A finite or unfinite number, also one written as `"NaN"`; None for what is no number."""
    if isinstance(value, str):
        named = {"nan": math.nan, "infinity": math.inf, "-infinity": -math.inf}
        return named.get(value.lower())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.nan


def as_number(text: str) -> float | None:
    """A printed number, `nan` and `inf` included; None for any other text."""
    try:
        return float(text)
    except ValueError:
        return None


def printed_pairs(text: str) -> dict[str, float]:
    """The numbers of a printed Python dict: `{'loss': 0.1, 'mse': np.float64(0.2)}`."""
    return {name: float(number) for name, number in _PAIR.findall(text)}


def merge_rows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of one step made one, the later value counting; in order, without what is None, and
    without steps that are damage."""
    merged: dict[int, dict[str, Any]] = {}
    for row in rows:
        if abs(row["step"]) > MAX_STEP:
            continue
        merged.setdefault(row["step"], {"step": row["step"]}).update(row)
    known = ({k: v for k, v in merged[step].items() if v is not None} for step in sorted(merged))
    return [row for row in known if len(row) > 1]
