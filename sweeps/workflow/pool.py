"""Fresh processes beside the command: simulators and torch stay out of this one."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from ilsweep.sweeps.processes.signals import look
from ilsweep.trainers.core.child import begin

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
    """In a worker: what any child does, and bound the threads."""
    begin()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # as the driver had it
    import torch

    torch.set_num_threads(threads)
