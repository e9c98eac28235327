"""Progress on one quiet screen: trials by state, time left, who leads; plain lines elsewhere."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from ilsweep.analysis.formatting import printable, visible
from ilsweep.sweeps.processes.signals import look
from ilsweep.sweeps.progress.tracker import SweepProgress, duration, ended, summary

if TYPE_CHECKING:
    from rich.console import RenderableType

PLAIN_EVERY_S = 30.0
PAUSE = 20
"""Who leads is looked up again after so many times what the last look took, so that training keeps
the machine."""


def say(text: str) -> None:
    """One line for the user, on standard error: standard output is for results."""
    with suppress(OSError):  # a terminal that was closed
        # In one piece, for other threads say things, too.
        print(f"{visible(text)}\n", end="", file=sys.stderr, flush=True)


class Progress:
    """How far a preparation has come: one line that moves, or a line every few seconds."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def show(self, done: int, total: int, what: str) -> None:
        """Called as often as one likes; a safe point to be interrupted at."""
        look()
        now = time.monotonic()
        if now - self._last < (0.2 if self._terminal else 5.0) and done < total:
            return
        self._last = now
        self._shown = True
        text = f"{what}: {done}/{total}"
        if self._terminal:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        else:
            say(text)

    def __exit__(self, *error: object) -> None:
        if self._terminal and self._shown:
            print(file=sys.stderr)


class Screen:
    """Shows a board while a sweep runs; `says` is what `status` says of it."""

    def __init__(self, board: SweepProgress, says: Callable[[], str]) -> None:
        self._board, self._says = board, says
        self._said, self._seen, self._next = "", 0, 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        if sys.stderr.isatty():
            self._live()
        else:
            self._plain()

    def _leader(self) -> str:
        """What can be said so far; looked up where a trial has ended since."""
        done, now = ended(self._board), time.monotonic()
        if done != self._seen and now >= self._next:
            self._seen, self._said = done, self._says()
            self._next = time.monotonic() + PAUSE * (time.monotonic() - now)
        return f"so far: {self._said}" if self._said and done < self._board.total else ""

    def _plain(self) -> None:
        last = ""
        while not self._stop.wait(PLAIN_EVERY_S):
            last = summary(self._board)
            say(" · ".join(filter(None, [last, self._leader()])))
        if summary(self._board) != last:
            say(summary(self._board))

    def _live(self) -> None:
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True)
        with Live(self._render(), console=console, auto_refresh=False) as live:
            while not self._stop.wait(1.0):
                live.update(self._render(), refresh=True)
            live.update(self._render(), refresh=True)

    def _render(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for column in ("trial", "state", "step", printable(self._board.metric), "time"):
            table.add_column(Text(column))  # a text alone would be read as markup
        running = [t for t in list(self._board.trials.values()) if t.state == "running"]
        for trial in running[:12]:
            value = f"{trial.value:.4g}" if math.isfinite(trial.value) else ""
            steps = f"{trial.step}/{trial.steps}"
            cells = (trial.id, trial.state, steps, value, duration(trial.seconds))
            table.add_row(*map(Text, cells))
        return Group(Text(summary(self._board), style="bold"), Text(self._leader()), table)
