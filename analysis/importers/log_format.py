r"""How a foreign format is told and read: `LogFormat`, one for each file in `formats/`.

A format of one's own is a `LogFormat` in a module of one's own, named `module:NAME` in a spec
(`command: {metrics: my_logs:FORMAT}`) and with `ilsweep import --format my_logs:FORMAT`:

    FORMAT = LogFormat(
        name="my_log",
        title="log of our trainer",
        detect=lambda source: source.head.startswith("our trainer"),
        read=read,                        # Source -> list of ForeignRun
        lines=r"^epoch \d+ loss \S+",
    )
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ilsweep.analysis.importers.source import ForeignRun, Source

JSON_LINES = r"^\s*\{|\{[\"']"
"""The `lines` of formats that write a JSON object a line or print a dictionary, a logger's prefix
before it or not."""


@dataclass(frozen=True)
class LogFormat:
    """One format of logs or of exported runs."""

    name: str
    """As a spec writes it."""
    title: str
    """What it is called where formats are listed, with its versions."""
    detect: Callable[[Source], bool]
    """Whether a file is of this format, by its content."""
    read: Callable[[Source], list[ForeignRun]]
    """The runs of a file, which may end anywhere."""
    lines: str | None = None
    """Regular expression that every line which can matter matches, for a log that is read while it
    is written; empty for a binary file; None for what is read only when it is whole."""

    looks: str = ""
    """A line of such a file, for one that is nearly so."""

    @property
    def live(self) -> bool:
        """Whether it can be read while it is written."""
        return self.lines is not None

    @property
    def binary(self) -> bool:
        return self.lines == ""
