"""Ctrl-C, SIGTERM and a closed terminal (SIGHUP): one request to end, acted on where that is safe.

An exception at any bytecode can be lost, or leave a lock held. So all three are blocked in every
thread, and one thread waits for them. What a request then does is up to where the main thread is:

idle             nothing is to be put away: one line, and the process is gone
heeding          noted, and raised as KeyboardInterrupt by the next `look`, which is a safe point
waiting          within `heeding`, around a call that only waits: raised at once
signals_ignored  within `heeding`: not before that is over

Asked again while it ends, nothing changes. What has not ended LONG_S after the first request says
so, and ends at once when asked again; after MOST_S it ends by itself. Only files that are replaced
whole or appended to are written, so that a sweep can be resumed then, too.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STATUS = 130
LONG_S = 20.0
MOST_S = 60.0


def _idle() -> str:
    return "interrupted"


class _State:
    """Where this process is; changed by the main thread, read by the one that waits for signals."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.thread: threading.Thread | None = None
        self.over = threading.Event()
        """Whether nothing is heard any more; of this `interruptible` alone."""
        self.asked = False
        self.reason = ""
        self.late = False
        """Whether it was said that this takes long."""
        self.heeding = 0
        self.waiting = 0
        self.signals_ignored = 0
        self.text: Callable[[], str] = _idle
        """What is said where the process ends at once."""


_state = _State()


@contextmanager
def interruptible(*, for_good: bool = False) -> Iterator[None]:
    """Requests are heard in here; within another `interruptible`, that one goes on hearing them.

    With `for_good` the signals stay as they are then: the process ends, and nothing disturbs it.
    """
    if _state.thread is not None:
        yield
        return
    heard = {number for number in SIGNALS if not _is_nohup(number)}
    earlier = {number: signal.signal(number, _handle) for number in heard}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, heard)
    _state.over, _state.text = threading.Event(), _idle
    _forget()
    thread = threading.Thread(target=_hear, args=(heard,), name="signals", daemon=True)
    _state.thread = thread
    thread.start()
    try:
        yield
    finally:
        if not for_good:
            with _state.lock:  # a request is made to its end, which the main thread hears in here
                _state.over.set()
                signal.pthread_kill(thread.ident or 0, signal.SIGTERM)
            thread.join()
            _state.thread = None
            _forget()
            while signal.sigtimedwait(heard, 0):
                pass  # what came for us is not for what follows
            for number, handler in earlier.items():
                signal.signal(number, handler)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _forget() -> None:
    """What was requested was requested of what is over now."""
    _state.asked, _state.late, _state.reason = False, False, ""


def _is_nohup(number: int) -> bool:
    return number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN


@contextmanager
def leaving(text: Callable[[], str]) -> Iterator[None]:
    """What a process says that ends in here, where nothing is to be put away."""
    earlier, _state.text = _state.text, text
    try:
        yield
    finally:
        _state.text = earlier


@contextmanager
def heeding() -> Iterator[None]:
    """There is something to put away from here on.

    Raises:
        KeyboardInterrupt: at `look`, in `waiting` and at the end, once a request has come.
    """
    with _state.lock:
        _state.heeding += 1
    try:
        yield
        look()
    finally:
        with _state.lock:
            _state.heeding -= 1


def look() -> None:
    """A safe point.

    Raises:
        KeyboardInterrupt: a request has come.
    """
    _block()
    if ending() and not _state.signals_ignored:
        raise KeyboardInterrupt


@contextmanager
def waiting() -> Iterator[None]:
    """Around a call that only waits, and can be left at any moment.

    Raises:
        KeyboardInterrupt: a request has come, before or meanwhile.
    """
    look()
    _state.waiting += 1
    try:
        if _state.thread is not None:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        yield
    finally:
        _state.waiting -= 1
        _block()
    look()  # where that call lost it


def pause(seconds: float) -> None:
    """Do nothing for a while.

    Raises:
        KeyboardInterrupt: a request has come, before or meanwhile.
    """
    with waiting():
        time.sleep(seconds)


@contextmanager
def signals_ignored() -> Iterator[None]:
    """No request in here; for the seconds in which things are put away."""
    _state.signals_ignored += 1
    try:
        yield
    finally:
        _state.signals_ignored -= 1


def ending() -> bool:
    """Whether a request has come."""
    return _state.asked


def why() -> str:
    """The reason of the request, where it is one of our own; empty where a user asked."""
    return _state.reason


def interrupt(reason: str = "") -> None:
    """Ask this process to end, from any of its threads, as Ctrl-C does; `why` tells the reason."""
    with _state.lock:
        if not ending():
            _state.asked, _state.reason = True, reason
            patience = threading.Thread(
                target=_expire, args=(_state.over,), name="patience", daemon=True
            )
            patience.start()
        # Where the main thread waits, it hears of it now; else as soon as it does.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def _hear(heard: set[signal.Signals]) -> None:
    while True:
        signal.sigwait(heard)
        with _state.lock:
            if _state.over.is_set():
                return
            _request()


def _request() -> None:
    with _state.lock:
        if not ending() and not _state.heeding and not _state.signals_ignored:
            _leave(_state.text())
    if _state.late:
        _leave(f"ended at once; {_state.text()}")
    interrupt()


def _handle(number: int, frame: FrameType | None) -> None:
    """In the main thread: while it waits, and where something unblocked the signals.

    Python's multiprocessing does, when it starts its first process.
    """
    if not (ending() or _state.over.is_set()):
        _request()
    if _state.waiting and not _state.signals_ignored:
        raise KeyboardInterrupt


def _expire(over: threading.Event) -> None:
    if over.wait(LONG_S):
        return
    _state.late = True
    _say(f"still ending after {LONG_S:g} s; asked once more, it ends at once")
    if not over.wait(MOST_S - LONG_S):
        _leave(f"ended at once, after {MOST_S:g} s; {_state.text()}")


def _leave(text: str) -> NoReturn:
    _say(text)
    for child in _children():
        with suppress(OSError):
            os.kill(child, signal.SIGKILL)
    os._exit(STATUS)


def _children() -> Iterator[int]:
    """Processes that help this one, and would go on for no one."""
    for thread in os.listdir("/proc/self/task"):
        with suppress(OSError), open(f"/proc/self/task/{thread}/children") as file:
            yield from map(int, file.read().split())


def _say(text: str) -> None:
    """Past Python's own files, which may be locked, or closed."""
    with suppress(OSError):
        os.write(2, f"{text}\n".encode())


def _block() -> None:
    if _state.thread is not None:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def _unblock() -> None:
    if _state.thread is not None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


os.register_at_fork(after_in_child=_unblock)  # what Ray starts is asked to end by SIGTERM
