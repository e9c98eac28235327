"""Calls into a world that may never return: what has long been waited for is said.

A call cannot be ended from within its process. So a thread looks on, says which call it is, and
shows it to other processes as its own name (`/proc/PID/task/TID/comm`). C code that hangs and keeps
the interpreter's lock stops the thread, too; of a trial the sweep says then that it is silent.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LOOK_S = 1.0
SAY_S = 60.0
"""Seconds after which a call is spoken of, then each time after twice as long."""
_SHOWN = "in: "
"""Before a call in the thread's name, of which Linux keeps 15 letters."""


@dataclass(eq=False)
class waiting_for:  # noqa: N801 - it is used as `with waiting_for(...)`
    """Around one call; `with waiting_for("reset", "PushT-v0")`. Costs a microsecond."""

    call: str
    of: str = "the environment"
    waited: float = 0.0
    """Seconds, not by the clock: it goes on while this process is stopped."""
    due: float = 0.0

    def __enter__(self) -> None:
        _calls.append(self)
        if not _Watcher.running.is_alive():  # none yet, or this process was forked
            _Watcher.running = _Watcher()
            _Watcher.running.start()

    def __exit__(self, *error: object) -> None:
        _calls.remove(self)


_calls: list[waiting_for] = []
"""Those that this process is in, the innermost last."""


class _Watcher(threading.Thread):
    """Looks at the innermost call of this process, as long as it lives."""

    running: threading.Thread = threading.Thread()

    def __init__(self) -> None:
        super().__init__(name="waiting", daemon=True)

    def run(self) -> None:
        while True:
            time.sleep(LOOK_S)
            with suppress(IndexError):  # it returned meanwhile
                _look(_calls[-1])
            shown = next((call.call for call in _calls[-1:] if call.waited >= SAY_S), "")
            with suppress(OSError):  # not on Linux
                comm = Path(f"/proc/self/task/{self.native_id}/comm")
                comm.write_text(f"{_SHOWN}{shown}"[:15] if shown else self.name)


def _look(call: waiting_for) -> None:
    call.waited += LOOK_S
    if call.waited >= max(SAY_S, call.due):
        call.due = 2 * call.waited
        line = f"{call.of}: {call.call} has not returned for {call.waited:.0f} s\n"
        with suppress(OSError):  # past `sys.stderr`, which an environment may not write to
            os.write(2, line.encode())


def long_call(pid: int) -> str:
    """The call that a process of this machine has been in for long; empty where none is known."""
    for comm in Path(f"/proc/{pid}/task").glob("*/comm"):
        with suppress(OSError):
            if (name := comm.read_text().strip()).startswith(_SHOWN):
                return name.removeprefix(_SHOWN)
    return ""
