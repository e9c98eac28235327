"""What a terminal's encoding lacks is shown escaped, in the one place where a command starts."""

from __future__ import annotations

import codecs
import io
import sys

NAME = "ilsweep-escape"


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""Characters as `\uXXXX`, two of them beyond the first plane: as JSON has them, too."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (text[i : i + 2].hex() for i in range(0, len(text), 2))
    return "".join(f"\\u{pair}" for pair in pairs), error.end


def escape_what_is_missing() -> None:
    """Let standard output and error take any text, whatever their encoding."""
    codecs.register_error(NAME, _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=NAME)
