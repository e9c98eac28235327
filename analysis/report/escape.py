"""Text from outside, made harmless for markdown: it stays on its line, in its cell, and is text."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit

MAX_LENGTH = 300
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that break lines, turn the direction of text or cannot be encoded."""

_SPECIAL = re.compile(r"([\\`*\[\]|~$])")
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_SAFE_IN_URL = "/:?#@!$&+,;=-._%"


def printable(text: object, limit: int = MAX_LENGTH) -> str:
    """The text on one line, without invisible characters, cut at `limit` characters."""
    visible = "".join(
        " " if unicodedata.category(char) in INVISIBLE else char for char in str(text)[: 4 * limit]
    )
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def inline(text: object, limit: int = MAX_LENGTH) -> str:
    """Text as text, in a paragraph, a heading, a list item or a table's cell.

    An underscore inside a word is left alone, since it means nothing there: `R1_latest`.
    """
    line = printable(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _EDGE_UNDERSCORE.sub(r"\\_", _SPECIAL.sub(r"\\\1", line))


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
    """Text as inline code, whatever backticks it holds; also fit for a table's cell."""
    line = printable(text, limit)
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}".replace("|", "\\|")
