"""Fresh processes beside the command: simulators and torch stay out of this one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import connection, parent_process
from typing import TypeVar

from ilsweep.sweeps.processes.signals import look

LOOK_S = 0.2
"""Seconds between two looks whether somebody interrupts."""

T = TypeVar("T")


@contextmanager
def process_pool(count: int, threads: int) -> Iterator[ProcessPoolExecutor]:
    """At most `count` processes of so many threads each, started as they are needed.

    They end at once when this one is interrupted or killed.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, context, _start_worker, (threads,))
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def as_completed(jobs: Iterable[Future[T]]) -> Iterator[Future[T]]:
    """Futures as they end; a signal is heeded while none does."""
    left = set(jobs)
    while left:
        look()
        ended, left = wait(left, LOOK_S, FIRST_COMPLETED)
        yield from ended


def _start_worker(threads: int) -> None:
    """In a worker: leave Ctrl-C to the driver, die with it, bound the threads."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # as the driver had it
    driver = parent_process()
    assert driver is not None

    def follow() -> None:
        connection.wait([driver.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    import torch

    torch.set_num_threads(threads)
