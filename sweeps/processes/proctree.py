"""Processes known by number and start time, found by parentage or by a mark, and ended.

A name is never used: a process is one of ours because it descends from our supervisor, or because
its environment holds the trial's mark. Linux only (`/proc`). Nothing here but the standard library.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

MARK = "ILSWEEP_TRIAL"
"""Environment variable that every process of a trial inherits; its value is the trial's folder."""

TICK_S = 0.05


@dataclass(frozen=True)
class Process:
    """A process that cannot be taken for a later one of the same number."""

    pid: int
    started: int
    """In clock ticks since the machine started."""
    parent: int
    alive: bool
    """False for one that has ended and is only waited for."""

    @property
    def identity(self) -> tuple[int, int]:
        """What stays the same when a parent ends."""
        return self.pid, self.started


def look(pid: int) -> Process | None:
    """The process of that number now; None where there is none."""
    line = _read(f"/proc/{pid}/stat")
    if not line:
        return None
    # The second field is the program's name in parentheses, which may hold spaces and parentheses.
    fields = line.rpartition(b")")[2].split()
    return Process(pid, int(fields[19]), int(fields[1]), fields[0] not in b"ZX")


def _read(path: str) -> bytes:
    """A file's bytes, nothing where it cannot be read; hundreds at a time, so without a buffer."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.readall()
    except OSError:
        return b""


def everything() -> list[Process]:
    """All processes that can be seen."""
    found = (look(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [process for process in found if process]


def descendants(ancestor: int) -> list[Process]:
    """Living processes below `ancestor`, however deep."""
    children: dict[int, list[Process]] = {}
    for process in everything():
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    waiting = [ancestor]
    while waiting:
        below = children.pop(waiting.pop(), [])
        found += below
        waiting += [process.pid for process in below]
    return [process for process in found if process.alive]


class ProcessFamily:
    """What the parent of this process started since this process began, known for good once seen.

    Nobody where the parent had ended before: who takes its place (init) has nothing to do with us.
    A title written over the environment takes a mark away (Ray's agents do), and a parent's end the
    descent.
    """

    def __init__(self, parent: int) -> None:
        own, found = look(os.getpid()), look(parent)
        assert own is not None
        self._began = _age(own)
        # Looked at before it is known to live: later its number may be another's.
        self._known = {found.identity} if found and os.getppid() == parent else set()
        self._parent = next(iter(self._known), None)

    @property
    def orphaned(self) -> bool:
        """Whether the parent has ended."""
        if self._parent is None:
            return True
        now = look(self._parent[0])
        return now is None or not now.alive or now.identity != self._parent

    def look(self) -> list[Process]:
        """Who of the family is alive now, parent and this process aside; asked again and again."""
        now = sorted(everything(), key=_age)
        members = {process.pid for process in now if process.identity in self._known}
        for process in now:
            if process.parent in members and _age(process) > self._began:
                members.add(process.pid)
        family = [process for process in now if process.pid in members]
        self._known = {process.identity for process in family}
        return [process for process in family if process.alive and _age(process) > self._began
                and process.pid != os.getpid()]  # fmt: skip


def _age(process: Process) -> tuple[int, int]:
    return process.started, process.pid


def marked(value: str, mark: str = MARK) -> list[Process]:
    """Living processes of this user whose environment holds the mark with this value."""
    wanted = b"\0" + f"{mark}={value}".encode() + b"\0"
    found = []
    for process in everything():
        environment = _read(f"/proc/{process.pid}/environ")
        if process.alive and wanted in b"\0" + environment + b"\0":
            found.append(process)
    return found


def send(process: Process, number: int) -> None:
    """Signal exactly this process, or nobody where it has ended."""
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:
        return
    try:
        now = look(process.pid)
        if now and now.started == process.started:
            signal.pidfd_send_signal(handle, number)
    except OSError:
        return
    finally:
        os.close(handle)


def end(
    find: Callable[[], Iterable[Process]],
    grace_s: float,
    wait: Callable[[float], None] = time.sleep,
    patience_s: float = 2.0,
) -> bool:
    """Ask all that `find` gives to end, then end them, until there are none.

    Processes that appear meanwhile are found too. `wait` is called between two looks. False where
    some are left `patience_s` after SIGKILL (a process in an uninterruptible wait).
    """
    began = time.monotonic()
    asked: set[Process] = set()
    while alive := set(find()):
        elapsed = time.monotonic() - began
        if elapsed > grace_s + patience_s:
            return False
        for process in alive if elapsed >= grace_s else alive - asked:
            send(process, signal.SIGKILL if elapsed >= grace_s else signal.SIGTERM)
        asked |= alive
        wait(TICK_S)
    return True
