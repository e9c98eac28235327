"""Places for parameters in a command's words: `--lr={lr}`; `{{` and `}}` are braces.

`{aug!s}` writes the value as Python does (`True`, `None`, `['a']`), as wandb's agent passes it.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterable, Mapping
from typing import Any

NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$")

KNOWN = ("seed", "folder", "trial", "cpus", "config")
"""Places that the sweep itself fills."""


def places(word: str) -> list[str]:
    """The names in a word, in order.

    Raises:
        ValueError: a brace without its other half, or something else than a name between them.
    """
    found = []
    try:
        parts = list(string.Formatter().parse(word))
    except ValueError as error:
        raise ValueError(f"braces do not pair ({error}); a brace itself is {{{{ or }}}}") from None
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if form or conversion not in (None, "s") or not NAME.match(name):
            raise ValueError("between braces stands a parameter's name and nothing else but !s")
        found.append(name)
    return found


def names_in(words: Iterable[str]) -> set[str]:
    """All names in words that are known to be sound."""
    return {name for word in words for name in places(word)}


def fill(word: str, values: Mapping[str, Any]) -> str:
    """The word with its places filled. No quoting: a word stays one argument, whatever is in it.

    Raises:
        KeyError: a place without a value.
    """
    return "".join(
        text + ("" if name is None else (str if form == "s" else as_text)(values[name]))
        for text, name, _, form in string.Formatter().parse(word)
    )


def as_text(value: Any) -> str:
    """Text as it is; numbers, booleans, null, lists as JSON writes them (`1e-05`, `true`)."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
