"""A command's output: kept within bounds, and its reports told from the rest. Standard library."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

LONGEST_LINE = 1 << 16
"""Bytes after which a line without an end counts as one."""


class Kept:
    """A file of the first and the last `part` bytes of what is written; three parts at most."""

    def __init__(self, path: Path, part: int = 4 << 20) -> None:
        self._path, self._part = path, part
        self._late, self._before = path.with_suffix(".late"), path.with_suffix(".before")
        for old in (self._late, self._before):
            old.unlink(missing_ok=True)
        self._file = path.open("wb", buffering=0)
        self._size = self._left_out = 0
        self._first = True

    def write(self, data: bytes) -> None:
        if self._size + len(data) > self._part:
            self._turn()
        self._file.write(data)
        self._size += len(data)

    def _turn(self) -> None:
        self._file.close()
        if not self._first:
            if self._before.exists():
                self._left_out += self._before.stat().st_size
            os.replace(self._late, self._before)
        self._first = False
        self._file = self._late.open("wb", buffering=0)
        self._size = 0

    def close(self) -> None:
        """Put the parts together in one file, with a line where something is left out."""
        self._file.close()
        note = f"\n[{self._left_out} bytes left out]\n" if self._left_out else ""
        _join(self._path, note.encode())


def _join(path: Path, note: bytes = b"") -> None:
    """Put a file's parts together; `note` stands where something is left out."""
    with path.open("ab") as whole:
        whole.write(note)
        for part in (path.with_suffix(".before"), path.with_suffix(".late")):
            if part.exists():
                whole.write(part.read_bytes())
                part.unlink()


def mend(output: Path, reports: Path, patterns: Sequence[str], rest: bytes) -> None:
    """Add to both files the `rest`, which nobody wrote any more: their writer was killed."""
    _join(output)
    with output.open("ab+") as file:
        file.seek(max(0, file.tell() - LONGEST_LINE))
        begun = file.read().replace(b"\r", b"\n").rpartition(b"\n")[2]
        file.write(rest)
    lines = Lines()
    whole = [*lines.cut(begun + rest), *lines.rest()]
    writer = Reports(reports, patterns, mode="ab")
    writer.lines(whole)
    writer.close()


class Reports:
    """The lines that match a pattern, written on; of a flood only what the allowance lets through.

    Args:
        burst: Lines that may come at once.
        rate: Lines a second that may come for ever.
    """

    def __init__(
        self,
        path: Path,
        patterns: Sequence[str],
        burst: int = 20_000,
        rate: float = 200,
        mode: Literal["wb", "ab"] = "wb",
    ) -> None:
        self._pattern = re.compile("|".join(f"(?:{p})" for p in patterns).encode())
        self._wanted = bool(patterns)
        self._file = path.open(mode, buffering=0)
        self._burst = self._allowance = float(burst)
        self._rate = rate
        self._filled = time.monotonic()
        self.left_out = 0

    def lines(self, lines: Sequence[bytes]) -> None:
        if not self._wanted:
            return
        now = time.monotonic()
        grown = self._allowance + self._rate * (now - self._filled)
        self._allowance, self._filled = min(self._burst, grown), now
        matching = [line for line in lines if self._pattern.search(line)]
        passing = matching[: int(self._allowance)]
        self._allowance -= len(passing)
        self.left_out += len(matching) - len(passing)
        if passing:
            self._file.write(b"".join(line + b"\n" for line in passing))

    def close(self) -> None:
        self._file.close()


class Lines:
    """Bytes to lines; a carriage return ends one as a line feed does."""

    def __init__(self) -> None:
        self._rest = b""

    def cut(self, data: bytes) -> list[bytes]:
        """The lines that are whole now."""
        *whole, self._rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            whole.append(self._rest)
            self._rest = b""
        return [line for line in whole if line]

    def rest(self) -> list[bytes]:
        """What stands without an end; at the end of all."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []
