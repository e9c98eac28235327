"""Processes that this library starts for a while."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection, get_context, parent_process
from typing import TypeVar

T = TypeVar("T")


def in_a_process(call: Callable[..., T], *args: object) -> T:
    """What a call gives in a fresh process, which it may end; interrupted, the process is killed.

    Raises:
        BrokenProcessPool: the process ended before the call did.
        Exception: what the call raises.
    """
    pool = ProcessPoolExecutor(1, get_context("spawn"), begin)
    try:
        return pool.submit(call, *args).result()
    finally:
        for process in (pool._processes or {}).values():
            process.kill()  # it may hang, and nobody waits for it any more
        pool.shutdown()


def begin() -> None:
    """In a child: leave Ctrl-C to the parent, and end with it, whatever is being done then."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def follow() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, name="parent", daemon=True).start()
