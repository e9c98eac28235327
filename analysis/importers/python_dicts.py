"""A Python dictionary that a program printed on one line: its numbers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

_PAIR = re.compile(
    r"'([^']+)':\s*'?(?:[\w.]+\()?"
    r"([-+]?(?:\d++(?:\.\d*+)?(?:[eE][-+]?\d++)?|nan|inf))(?=['),}\s])"
)
_SCALAR = re.compile(r"\b[A-Za-z_][\w.]*\(([-+]?[\w.+-]{1,40})(?:, [^()]{0,80})?\)")
_UNFINITE = re.compile(r"(?<![\w'\".])([-+]?(?:nan|inf))(?![\w'\".])")


def printed_in(text: str) -> Iterator[dict[str, Any]]:
    """The Python dictionary that a line ends with, numbers of NumPy and PyTorch as plain ones."""
    plain = _SCALAR.sub(r"\1", text[: text.rfind("}") + 1])
    try:
        value = ast.literal_eval(_UNFINITE.sub(r"'\1'", plain))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        yield value


def printed_pairs(text: str) -> dict[str, float]:
    """The numbers of a printed Python dict: `{'loss': 0.1, 'mse': np.float64(0.2)}`."""
    return {name: float(number) for name, number in _PAIR.findall(text)}
