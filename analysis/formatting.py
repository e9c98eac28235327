"""Numbers, values and texts on one line, for reports, pictures and the terminal."""

from __future__ import annotations

import unicodedata
from typing import Any

MAX_LENGTH = 300
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that break lines, turn the direction of text or cannot be encoded."""


def visible(text: str) -> str:
    """Lines as a terminal can take them: a blank in place of each invisible character."""
    return "\n".join(
        "".join(" " if unicodedata.category(char) in INVISIBLE else char for char in line)
        for line in text.split("\n")
    )


def printable(text: object, limit: int = MAX_LENGTH) -> str:
    """The text on one line, without invisible characters, cut at `limit` characters."""
    visible = "".join(
        " " if unicodedata.category(char) in INVISIBLE else char for char in str(text)[: 4 * limit]
    )
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def show(value: Any, digits: int = 4) -> str:
    """A parameter's value: `2`, `0.0005`, `True`, `(10,10)`."""
    if isinstance(value, bool) or not isinstance(value, int | float | list | tuple):
        return str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number(value, digits)
    return "(" + ",".join(show(item, digits) for item in value) + ")"


def number(value: float, digits: int = 4) -> str:
    """Four significant digits: `15.15`, `1246`, `0.341`, `2.333e-05`."""
    return f"{value + 0.0:.{digits}g}"  # adding 0.0 turns -0.0 into 0


def percentage(value: float) -> str:
    """Two decimals: `-90.37%`."""
    return f"{value + 0.0:.2f}%"


def num(value: float) -> str:
    """A number for a sentence: three significant digits, below a million without an exponent."""
    text = f"{value + 0.0:.3g}"
    return f"{float(text):.0f}" if "e+" in text and abs(value) < 1e6 else text


def how_many(n: int, noun: str) -> str:
    """`1 seed`, `2 seeds`."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def pct(share: float) -> str:
    """A share for a sentence, as a percentage."""
    return f"{num(100 * share)} %"
