"""A sweep's folder held by one process, as long as it lives."""

from __future__ import annotations

import fcntl
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import FolderError


@contextmanager
def locked(paths: SweepPaths) -> Iterator[None]:
    """Hold the folder for this process.

    Raises:
        FolderError: another process holds it, or it cannot be written.
    """
    try:
        file = paths.lock.open("a+")
    except OSError as error:
        raise FolderError(f"{paths.root}: cannot be written ({error.strerror})") from None
    with file:
        try:
            _take(file)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise FolderError(
                f"{paths.root}: another ilsweep is running here (process {holder}); "
                "wait for it, or run into another folder"
            ) from None
        with suppress(OSError):  # who holds it is a courtesy; on a full disk it goes unsaid
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), f"{os.getpid()} on {platform.node()}".encode())
        yield


def _take(file: IO[str]) -> None:
    """Take the lock; who only looks whether somebody has it has it for a moment, too.

    Raises:
        BlockingIOError: another process holds it.
    """
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(file, fcntl.LOCK_UN)  # others look as well, as `is_locked` does
        time.sleep(0.01)


def is_locked(paths: SweepPaths) -> bool:
    """Whether a process is at work on the folder."""
    try:
        with paths.lock.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
