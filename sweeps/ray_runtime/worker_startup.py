"""Readiness of the workers that Ray starts by itself.

If a trial is scheduled before a prestarted worker is ready, Ray starts another beside it, and both
take longer. A worker imports this module last (`session.LEAN`); the import sends a datagram.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ilsweep.sweeps.processes.signals import waiting

READY_SOCKET = "ILSWEEP_STARTED"
"""Environment variable: the abstract socket that they report to."""
PATIENCE_S = 20.0


class Started:
    """How many of the started workers are ready; none are waited for without a socket.

    Waited for once: the socket is closed then, since what nobody reads would fill it, and a worker
    that starts later, in place of a dead one, would wait for room in it and never take its trial.
    """

    def __init__(self, ready: socket.socket | None = None) -> None:
        self._socket = ready

    def wait(self, count: int) -> None:
        """Until `count` workers are ready, PATIENCE_S at most.

        Raises:
            KeyboardInterrupt: interrupted.
        """
        if self._socket is None:
            return
        until = time.monotonic() + PATIENCE_S
        with self._socket, suppress(TimeoutError):
            for _ in range(count):
                self._socket.settimeout(max(until - time.monotonic(), 1e-3))
                with waiting():
                    self._socket.recv(1)
        self._socket = None


@contextmanager
def listen() -> Iterator[Started]:
    """Workers that are started in here report that they are ready."""
    name = f"ilsweep-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(f"\0{name}")
        os.environ[READY_SOCKET] = name
        try:
            yield Started(ready)
        finally:
            del os.environ[READY_SOCKET]


def _notify_ready() -> None:
    if name := os.environ.get(READY_SOCKET):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as voice, suppress(OSError):
            voice.settimeout(PATIENCE_S)  # a full socket: as long as its driver would wait
            voice.sendto(b"1", f"\0{name}")


_notify_ready()  # in a worker; a driver imports this before it has a socket
