"""Processes that this library starts for a while."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import connection, get_context, parent_process, resource_tracker
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
    _keep_from_forks()
    parent = parent_process()
    assert parent is not None

    def follow() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, name="parent", daemon=True).start()


def _keep_from_forks() -> None:
    """What is forked from this process lets go of the pipes to its parent.

    Held open there, they would hide this one's end from the parent, which would wait for ever.
    """
    pipes = [*_open_files() - {0, 1, 2, resource_tracker.getfd()}]
    known = {file: _identity(file) for file in pipes}

    def let_go() -> None:
        for file, identity in known.items():
            if identity and _identity(file) == identity:
                os.close(file)

    os.register_at_fork(after_in_child=let_go)


def _open_files() -> set[int]:
    return {int(name) for name in os.listdir("/dev/fd")}


def _identity(file: int) -> tuple[int, int] | None:
    """What tells an open file from a later one of the same number; None where none is open."""
    with suppress(OSError):
        seen = os.fstat(file)
        return seen.st_dev, seen.st_ino
    return None
