"""Text from outside, made harmless for markdown: it stays on its line, in its cell, and is text."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from ilsweep.analysis.formatting import MAX_LENGTH, printable

_SPECIAL = re.compile(r"([\\`*|~$]|\](?=[(\[:])|\[(?=\^))")
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_BLOCK_START = re.compile(r"^(\d{1,9}|)([.)]|[-+]|#|=)(?=[#=-]*(?:\s|$))")
"""At the beginning of a line: a list, a heading, an underline."""

_SAFE_IN_URL = "/:?#@!$&+,;=-._%"


def inline(text: object, limit: int = MAX_LENGTH) -> str:
    """Text as text, in a paragraph, a heading, a list item or a table's cell.

    Brackets that cannot make a link and underscores inside a word are left alone, since they mean
    nothing there: `[0.3, 0.4]`, `R1_latest`.
    """
    line = printable(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _EDGE_UNDERSCORE.sub(r"\\_", _SPECIAL.sub(r"\\\1", line))
    return _BLOCK_START.sub(r"\1\\\2", line)


def link_text(text: object) -> str:
    """Text as text between the brackets of a link or a picture."""
    return re.sub(r"(?<!\\)([\[\]])", r"\\\1", inline(text))


def url(text: str) -> str:
    """An http(s) address fit for `(...)` of a link; empty for anything else."""
    line = printable(text, 2000)
    try:
        parts = urlsplit(line)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return ""
    return quote(line, safe=_SAFE_IN_URL)


def path(relative: str) -> str:
    """A relative path fit for `(...)` of a link."""
    return quote(relative.replace("\\", "/"), safe="/-._", errors="replace")


def code(text: object, limit: int = MAX_LENGTH) -> str:
    """Text as inline code, whatever backticks it holds."""
    line = printable(text, limit)
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"
