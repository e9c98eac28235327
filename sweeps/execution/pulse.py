"""Whether the sweep's own loop goes round: a call into Ray can wait for ever, in C++."""

from __future__ import annotations

import sys
import threading
from typing import Self

from ilsweep.sweeps.progress.console import say
from ilsweep.sweeps.progress.tracker import duration
from ilsweep.sweeps.ray_runtime.session import end_processes

LOOK_S = 0.5


class Pulse:
    """Looks from a thread at when Tune's loop last went round.

    Where it stands still in Ray, and Ray is our own, Ray's processes are ended after `end_s`: that
    ends the call, and the session. Elsewhere it is only spoken of, `say_s` after the last round.
    """

    def __init__(self, say_s: float, end_s: float, *, shared: bool) -> None:
        self._say_s, self._end_s, self._shared = say_s, end_s, shared
        self._still = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def beat(self) -> None:
        """Tune's loop went round; the waiting begins anew."""
        self._still = 0.0

    def _run(self) -> None:
        due = self._say_s
        while not self._over.wait(LOOK_S):
            self._still += LOOK_S  # not by the clock: it goes on while we are stopped
            if self._still <= LOOK_S:
                due = self._say_s
            if self._still < due:
                continue
            due = 2 * self._still
            ray = _in_ray()
            who = "Ray" if ray else "what it writes to"
            say(f"the sweep itself has stood still for {duration(self._still)}: "
                f"{who} does not answer")  # fmt: skip
            if ray and not self._shared and self._still >= self._end_s:
                end_processes()
                return


def _in_ray() -> bool:
    """Whether the main thread is in Ray's own code, so that nothing of ours is being written."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    return frame is not None and frame.f_globals.get("__name__", "").startswith("ray.")
