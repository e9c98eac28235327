"""Sections of the markdown report as HTML, so that page and report say the same in the same words.

Links become their text and pictures their files' content: a page holds no address.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import escape

from ilsweep.analysis.plots.plot import CURVES, FILM_STRIPS, PATHS, RANKING

MOST_PICTURE = 400_000
"""Bytes of a picture that a page takes in."""
DRAWN_ANEW = (RANKING, CURVES, FILM_STRIPS, PATHS)
"""Pictures that the page draws itself."""


def to_html(lines: Sequence[str], plots: Path) -> str:
    """Markdown as HTML; its pictures, `plots/NAME`, lie in `plots`."""
    return str(_renderer(plots).render("\n".join(lines)))


@cache
def _renderer(plots: Path) -> MarkdownIt:
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    renderer.disable(["autolink"])
    renderer.add_render_rule("image", _picture(plots))
    renderer.add_render_rule("link_open", _nothing)
    renderer.add_render_rule("link_close", _nothing)
    return renderer


def _nothing(*parts: Any) -> str:
    del parts
    return ""


def _picture(plots: Path) -> Callable[..., str]:
    def rule(renderer: Any, tokens: Any, at: int, options: Any, env: Any) -> str:
        token = tokens[at]
        source = PurePosixPath(str(token.attrs.get("src", "")))
        path = plots / source.name
        if source.name in DRAWN_ANEW or str(source.parent) != "plots" or not path.is_file():
            return ""
        content = path.read_bytes()
        if len(content) > MOST_PICTURE:
            return ""
        caption = escape(renderer.renderInlineAsText(token.children or [], options, env))
        picture = base64.b64encode(content).decode()
        return f'<img src="data:image/png;base64,{picture}" alt="{caption}">'

    return rule
