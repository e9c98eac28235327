"""A configuration that a program printed: a Python dictionary over many lines, or JSON.

A dictionary that `pprint` wrote is read as the nested structure that it is. What it holds beside
literals (`PosixPath('x')`, `<Mode.A: 1>`, `torch.float32`) is kept as text, a number of numpy's or
torch's (`np.float64(0.5)`) as the number.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from ilsweep.analysis.importers.source import parse_json

LONGEST = 1 << 20
"""Characters of a printed configuration."""

_CALL = re.compile(r"(?<![\w.'\"])[A-Za-z_][\w.]{0,60}\('([^']{0,300})'\)")
_NUMBER = re.compile(r"(?<![\w.'\"])[A-Za-z_][\w.]{0,60}\(([-+]?[\d.]+(?:[eE][-+]?\d+)?|nan)\)")
_TRUTH = re.compile(r"(?<![\w.'\"])(?:np|numpy)\.(True|False)_(?!\w)")
_ENUM = re.compile(r"<([\w.]{1,80})(?:: [^<>]{0,80})?>")
_WORD = re.compile(r"(?<![\w.'\"])(?!(?:True|False|None)\b)([A-Za-z_][\w.]{0,80})(?=[,}\])\s])")
_OPENING, _CLOSING = "{[(", "}])"


class Collector:
    """Takes lines from the one on in which a dictionary opens, until it is closed."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0
        self._depth = 0
        self._quote = ""

    @property
    def open(self) -> bool:
        return bool(self._parts)

    def add(self, line: str) -> dict[str, Any] | None:
        """Take one more line; the dictionary, once it is closed (empty if it is none)."""
        self._size += len(line) + 1
        if self._size > LONGEST:
            self._forget()
            return {}
        end = self._scan(line)
        self._parts.append(line if end is None else line[:end])
        if end is None:
            return None
        text = "\n".join(self._parts)
        self._forget()
        return literal(text)

    def drop(self) -> dict[str, Any]:
        """Give up an unfinished one; what it holds up to its last whole line."""
        text = "\n".join(self._parts)
        self._forget()
        closing = {"{": "}", "[": "]", "(": ")"}
        opened: list[str] = []
        for char in re.sub(r"'[^'\n]*'", "", text):
            if char in _OPENING:
                opened.append(closing[char])
            elif char in _CLOSING and opened:
                opened.pop()
        return literal(text.rstrip().rstrip(",") + "".join(reversed(opened)))

    def _forget(self) -> None:
        self._parts, self._size, self._depth, self._quote = [], 0, 0, ""

    def _scan(self, line: str) -> int | None:
        """Count brackets outside of quotes; where the outermost one closes."""
        skip = False
        for at, char in enumerate(line):
            if skip:
                skip = False
            elif self._quote:
                if char == "\\":
                    skip = True
                elif char == self._quote:
                    self._quote = ""
            elif char in "'\"":
                self._quote = char
            elif char in _OPENING:
                self._depth += 1
            elif char in _CLOSING:
                self._depth -= 1
                if self._depth <= 0:
                    return at + 1
        self._quote = ""  # no literal that is printed goes on in the next line
        return None


def goes_on(line: str) -> bool:
    """Whether a line can be one of a dump's further ones: `pprint` and JSON indent them."""
    return line[:1] in " \t)]}"


def literal(text: str) -> dict[str, Any]:
    """The dictionary; empty for what is none."""
    found = parse_json(text) if '"' in text[:50] else None
    if isinstance(found, dict):
        return found
    for attempt in (text, _plain(text)):
        try:
            value = ast.literal_eval(attempt)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        return value if isinstance(value, dict) else {}
    return {}


def _plain(text: str) -> str:
    """numpy's and torch's numbers as numbers, everything else that is no literal as text."""
    text = _TRUTH.sub(r"\1", _NUMBER.sub(r"\1", text))
    text = _ENUM.sub(lambda found: repr(found[1]), _CALL.sub(lambda found: repr(found[1]), text))
    return _WORD.sub(lambda found: repr(found[1]), text)
