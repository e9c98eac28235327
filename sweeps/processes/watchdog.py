"""Watchdog: ends the processes that are left behind when the driver, a worker or a trial ends.

Every process below a sweep's own Ray inherits the session's mark in its environment. The guard
hears of the driver's end by its standard input closing, which the kernel does for a killed process
too, or finds its parent gone. It ends whatever bears the mark or was ever seen below the driver, by
number and start time. Standard library only: it starts in some 20 ms.

Within the sweep a worker ends what its trial started, and the driver what a killed worker left. On
a cluster, where the driver sees its own machine alone, each worker has a guard.
"""

from __future__ import annotations

import functools
import os
import secrets
import select
import signal
import subprocess
import sys

from ilsweep.sweeps.processes import proctree
from ilsweep.sweeps.processes.isolated import isolated

SESSION = "ILSWEEP_SESSION"
"""Environment variable of every process below a sweep's own Ray; its value is the mark."""
GRACE_S = 2.0
"""Seconds between asking a process to end and ending it."""
LOOK_S = 0.5
"""Seconds between two looks at what is below the driver; one takes 50 us a process."""
LEAVE_S = 6.0
"""So long the driver waits for its guard."""


class Guard:
    """Marks what is started from now on, and ends what is left of it when this process ends."""

    def __init__(self) -> None:
        mark = secrets.token_hex(8)
        self._process = subprocess.Popen(
            isolated(__name__, mark, str(os.getpid())),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.environ[SESSION] = mark

    def close(self) -> None:
        """End what is left; back when it is gone, or waits uninterruptibly."""
        os.environ.pop(SESSION, None)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        select.select([self._process.stdout], [], [], LEAVE_S)  # its end closes it
        self._process.stdout.close()
        self._process.wait()


@functools.cache
def guard_worker() -> Guard:
    """A guard of this process's own, begun once: on a cluster the driver sees one machine only."""
    return Guard()


class ChildProcesses:
    """The processes that a trial starts in this worker, however far below it they end up."""

    def __init__(self, trial: str) -> None:
        self._trial = trial
        self._earlier = {process.identity for process in proctree.descendants(os.getpid())}
        os.environ[proctree.MARK] = trial
        self.end()  # an earlier attempt's, whose worker was killed

    def end(self) -> None:
        """End them all; back when they are gone."""
        proctree.end(self._find, GRACE_S)

    def _find(self) -> list[proctree.Process]:
        found = [*proctree.descendants(os.getpid()), *proctree.marked(self._trial)]
        return [process for process in found if process.identity not in self._earlier]


def end_orphans() -> None:
    """End what a killed worker left: marked processes whose parent is none of the session's.

    Nothing on a cluster that was there before: its processes bear no mark.
    """
    if mark := os.environ.get(SESSION):
        proctree.end(lambda: _orphans(mark), GRACE_S)


def _orphans(mark: str) -> list[proctree.Process]:
    ours = proctree.marked(mark, SESSION)
    parents = {os.getpid(), *(process.pid for process in ours)}
    return [process for process in ours if process.parent not in parents]


def main(mark: str, driver: str) -> None:
    """Wait for the driver's end, then end what bears its mark and what was below it.

    Args:
        mark: Value of `SESSION`.
        driver: The number of its process.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    family = proctree.ProcessFamily(int(driver))
    if os.fork():
        os._exit(0)  # nobody's child: Ray kills the children of a worker that it kills
    # What was forked below it holds the pipe open, too.
    while not select.select([sys.stdin], [], [], LOOK_S)[0] and not family.orphaned:
        family.look()
    proctree.end(lambda: {*proctree.marked(mark, SESSION), *family.look()}, GRACE_S)
