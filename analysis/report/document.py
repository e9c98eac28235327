"""A report's file: what is generated stands between markers, everything else is the reader's own.

A marked part is replaced where it stands, so text that somebody wrote around it survives; a part
that is new is added at the end.
"""

from __future__ import annotations

import re

_MARKER = "<!-- ilsweep:{edge} {name} -->"


def put_part(document: str, name: str, lines: list[str]) -> str:
    """The document with the part `name` holding `lines`, replaced in place or added at the end.

    `name` is letters, digits, `.`, `:`, `_` and `-` only.
    """
    begin = _MARKER.format(edge="begin", name=name)
    end = _MARKER.format(edge="end", name=name)
    part = "\n".join([begin, *lines, end])
    first, last = re.escape(begin), re.escape(end)
    pattern = re.compile(rf"^{first}$(?:(?!^{first}$).)*?^{last}$", re.DOTALL | re.MULTILINE)
    if pattern.search(document):
        return pattern.sub(lambda _: part, document, count=1)
    before = document.rstrip("\n")
    return f"{before}\n\n{part}\n" if before else f"{part}\n"


def part_name(text: str) -> str:
    """A text as the name of a part."""
    return re.sub(r"[^A-Za-z0-9.:_-]+", "-", text).strip("-") or "part"
