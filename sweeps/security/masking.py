"""Values hidden in what is printed, chunk by chunk.

Standard library only: a command's supervisor has no time for more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "***"


class Mask:
    """Hides values in a stream of bytes, also where a value comes in two chunks.

    Holds back no more than could be the beginning of a value.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._values = [value.encode("utf-8", "surrogateescape") for value in values]
        self._pattern = re.compile(b"|".join(map(re.escape, self._values)))
        self._rest = b""

    def cut(self, data: bytes) -> bytes:
        """What can be shown by now."""
        if not self._values:
            return data
        text, self._rest = self._rest + data, b""
        shown, at = [], 0
        late = len(text) - max(map(len, self._values)) + 1
        for found in self._pattern.finditer(text):
            if found.start() >= late and self._held(text, max(at, late)) <= found.start():
                break
            shown += [text[at : found.start()], HIDDEN.encode()]
            at = found.end()
        cut = self._held(text, max(at, late))
        self._rest = text[cut:]
        return b"".join([*shown, text[at:cut]])

    def _may_go_on(self, text: bytes, at: int) -> bool:
        """Whether what stands from `at` on to the end may be the beginning of a value."""
        length = len(text) - at
        return any(len(v) > length and text.startswith(v[:length], at) for v in self._values)

    def _held(self, text: bytes, begin: int) -> int:
        """Where, from `begin` on, what must be held back begins."""
        first = {value[:1] for value in self._values}
        held = (i for i in range(begin, len(text)) if text[i : i + 1] in first)
        return next((i for i in held if self._may_go_on(text, i)), len(text))

    def rest(self) -> bytes:
        """What was held back; at the end of all."""
        rest, self._rest = self._rest, b""
        return self._pattern.sub(HIDDEN.encode(), rest) if self._values else rest
