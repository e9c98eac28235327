"""What every reader of a foreign format takes and gives: `Source`, `ForeignRun`."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json
import lzma
import math
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Literal, cast

from ilsweep.analysis.importers.folders import stem_of
from ilsweep.analysis.importers.labels import Labels, labels_of
from ilsweep.analysis.importers.numbers import COLOUR
from ilsweep.analysis.importers.python_dicts import printed_in
from ilsweep.analysis.records.curves import MAX_STEP
from ilsweep.analysis.records.files import MOST_BYTES, read_regular
from ilsweep.analysis.records.model import State

HEAD_BYTES = 1 << 20
"""A format is told from the beginning of a file."""

LABELLED_BYTES = 1 << 16
"""Within which several processes have each written something."""

LONGEST_NAME = 500
"""Characters of the name of a parameter or a metric."""

LONGEST_PRINTED = 1 << 16
"""Characters of a line in which a printed dictionary is looked for."""

MOST_NAMES = 100_000
"""Names of one nested mapping."""

GENERIC_NAMES = {"log", "logs", "train", "train_log", "training", "output", "out", "stdout",
                 "stderr", "eval", "eval_log", "eval_info", "metrics", "history", "result",
                 "results", "trainer_state", "events", "train_config", "config", "wandb-history",
                 "console", "run", "progress"}  # fmt: skip
"""Such a file is named after its folder."""

COMPRESSED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
"""How a compressed file begins, and what opens it."""

_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")


class ImportRefused(ValueError):  # noqa: N818 - the name says what is wrong
    """Nothing was imported. Its text is one line for the user."""


class TooWide(ImportRefused):
    """A table of more columns than anybody logs."""


@dataclass(frozen=True)
class ForeignRun:
    """A run as another tool recorded it."""

    id: str
    """Its own id; made safe for a file name later."""
    rows: list[dict[str, Any]]
    """Reports in the order of the file, each with an integer `step` and metrics."""
    name: str = ""
    url: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    """As its owner wrote it; may be nested."""
    whole: bool = False
    """The configuration is everything that the run was trained with, not a part of it."""
    own_id: bool = False
    """The id is the run's own, and not the name of a file."""
    kind: Literal["training", "evaluation", "configuration"] = "training"
    """What the file is of: an evaluation without a step joins the training of its folder."""
    state: State = "completed"
    error: str = ""
    ended: str = ""
    """ISO 8601; empty where the format does not say."""
    seconds: float = math.nan
    notes: tuple[str, ...] = ()
    """What was guessed, and what was not understood: one line each."""


@dataclass(frozen=True)
class Source:
    """A file to import, read once."""

    path: Path
    content: bytes
    torn: bool = False
    """It was compressed, and cut short: this is what comes before the tear."""

    @property
    def blank(self) -> bool:
        """Whether nothing but white space is in it."""
        return not self.content.strip()

    @property
    def open_end(self) -> bool:
        """Whether the last line has no end: it may be cut short, in the middle of a number."""
        return not self.content.endswith((b"\n", b"\r", b"\n\0"))

    @cached_property
    def head(self) -> str:
        """The beginning as text, a carriage return ending a line as a line feed does."""
        head = _text(self.content[:HEAD_BYTES])
        return "\n".join(self.labels.of_the_first(head.split("\n"))) if self.labels else head

    @cached_property
    def labels(self) -> Labels | None:
        """By which several processes label their lines."""
        return labels_of(_text(self.content[:LABELLED_BYTES]))

    @property
    def lines(self) -> Iterator[str]:
        """The file's lines without colours, one at a time; of several processes the first one's.

        A progress bar redrawn in place is a line each time.
        """
        return self.labels.of_the_first(self._all_lines()) if self.labels else self._all_lines()

    def _all_lines(self) -> Iterator[str]:
        file = io.BytesIO(self.content)
        with io.TextIOWrapper(file, encoding=_encoding(self.content), errors="replace") as text:
            for line in text:
                line = line.removesuffix("\n")
                yield COLOUR.sub("", line) if "\x1b" in line else line

    @property
    def stem(self) -> str:
        """The file's name without its endings."""
        return stem_of(self.path)

    @property
    def run_id(self) -> str:
        """A name for a run that has none: the file's, or its folder's where that says nothing."""
        if self.stem.lower() not in GENERIC_NAMES:
            return self.stem
        return self.path.resolve().parent.name or self.stem

    @cached_property
    def time(self) -> str:
        """The last time that the file itself speaks of; empty where it speaks of none."""
        found = _TIME.findall(_text(self.content[-HEAD_BYTES:]))
        return "T".join(found[-1]) if found else ""

    def objects(self) -> Iterator[dict[str, Any]]:
        """The JSON objects of a file of JSON lines, several of a line as well.

        What a logger writes before one is passed over, and so are torn and foreign lines. So is a
        Python dictionary that was printed.
        """
        for line in self.lines:
            value = parse_json(line)
            if isinstance(value, dict):
                yield value
            elif value is None and (begin := line.find('{"')) >= 0:
                yield from objects_in(line, begin)
            elif value is None and (begin := line.find("{'")) >= 0 and len(line) <= LONGEST_PRINTED:
                yield from printed_in(line[begin:])


def open_source(path: Path) -> Source:
    """The file, decompressed where it is compressed.

    Raises:
        OSError: the file cannot be read, is no regular one, or is larger than MOST_BYTES;
            `strerror` says which.
    """
    content = read_regular(path, MOST_BYTES)
    for magic, opener in COMPRESSED.items():
        if content.startswith(magic):
            return Source(path, *_decompressed(cast(Any, opener), content))
    return Source(path, content)


def _decompressed(opener: Any, content: bytes) -> tuple[bytes, bool]:
    """What a compressed file holds, and whether it is torn: then what comes before the tear."""
    parts: list[bytes] = []
    left = MOST_BYTES
    try:
        file: IO[bytes]
        with opener(io.BytesIO(content)) as file:
            while part := file.read(1 << 14):
                parts.append(part)
                left -= len(part)
                if left < 0:
                    raise OSError(27, f"holds more than {MOST_BYTES >> 20} MiB")
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile):
        return b"".join(parts), True
    return b"".join(parts), False


def _encoding(content: bytes) -> str:
    """UTF-8, or UTF-16 as PowerShell writes what is redirected."""
    return "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def _text(content: bytes) -> str:
    text = content.decode(_encoding(content), "replace")
    return COLOUR.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def parse_json(text: str | bytes) -> Any:
    """The value, or None for what is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


_BETWEEN = re.compile(r"[\s,]*")


def objects_in(text: str, at: int) -> Iterator[dict[str, Any]]:
    """The JSON objects that follow each other from `at` on, up to where one is torn."""
    decoder = json.JSONDecoder()
    while begin := _BETWEEN.match(text, at):
        try:
            value, at = decoder.raw_decode(text, begin.end())
        except (ValueError, RecursionError):
            return
        if isinstance(value, dict):
            yield value


def modified(path: Path) -> str:
    """When a file was last written, ISO 8601 in UTC."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")


def flatten(value: Mapping[str, Any], prefix: str = "", joiner: str = ".") -> dict[str, Any]:
    """A nested mapping by joined names.

    Empty mappings vanish, and so do names that are longer than any that somebody wrote, and all
    after the first `MOST_NAMES`.
    """
    flat: dict[str, Any] = {}
    left = MOST_NAMES
    waiting = [(prefix, iter(value.items()))]
    while waiting and left:
        above, items = waiting[-1]
        for key, item in itertools.islice(items, left):
            left -= 1
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


def redrawn(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a progress bar: what is drawn later at the same count replaces the sooner."""
    found: list[dict[str, Any]] = []
    for row in rows:
        if found and found[-1]["step"] == row["step"]:
            found[-1] |= row
        else:
            found.append(dict(row))
    return found


def merge_rows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of one step made one, the later value counting.

    In order, without what is None, and without steps that are damage.
    """
    merged: dict[int, dict[str, Any]] = {}
    for row in rows:
        if abs(row["step"]) > MAX_STEP:
            continue
        known = {name: value for name, value in row.items() if value is not None}
        merged.setdefault(row["step"], {"step": row["step"]}).update(known)
    return [merged[step] for step in sorted(merged) if len(merged[step]) > 1]
