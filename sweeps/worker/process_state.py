"""What trials of one worker share whether they want to or not: put back between two of them.

A trainer may change its process: the default dtype, the threads, the working folder. Here stands
what can be changed without being seen in another trial. What cannot be put back is named, and the
worker is replaced.
"""

from __future__ import annotations

import decimal
import gc
import locale
import logging
import multiprocessing
import os
import random
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ilsweep.sweeps.worker.torch_state import torch_settings

LIBRARIES_OWN = ("tqdm", "ilsweep")
"""Packages that leave a thread of their own in every process that uses them, which does no harm."""


@dataclass(frozen=True)
class Setting:
    """One thing that a process has once."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], Any] | None = None
    """None where it can only be had by a new process."""


class ProcessState:
    """The process as it is now, for `restore`."""

    def __init__(self) -> None:
        self._settings = [*_settings()]
        self._before = {setting.name: setting.read() for setting in self._settings}
        self._warnings = ExitStack()
        self._warnings.enter_context(warnings.catch_warnings())

    def restore(self) -> list[str]:
        """Put back what was changed; the names of what could not be."""
        self._warnings.close()
        return [setting.name for setting in self._settings if not self._put_back(setting)]

    def _put_back(self, setting: Setting) -> bool:
        before = self._before[setting.name]
        try:
            if setting.write is not None and setting.read() != before:
                setting.write(before)
            return bool(setting.read() == before)
        except Exception:  # noqa: BLE001 - such as a working folder that is gone
            return False

    def spoiled(self) -> list[str]:
        """The names of what has been changed for good by now."""
        for_good = [setting for setting in self._settings if setting.write is None]
        return [one.name for one in for_good if one.read() != self._before[one.name]]


def seed_generators(seed: int, threads: int) -> None:
    """The same start for every trial: global generators seeded, threads bounded."""
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    torch.set_num_threads(threads)


def _settings() -> Iterator[Setting]:
    yield Setting("environment variables", lambda: dict(os.environ), _set_environment)
    yield Setting("working folder", os.getcwd, os.chdir)
    yield Setting("umask", _umask, os.umask)
    yield Setting("sys.path", lambda: [*sys.path], lambda value: _refill(sys.path, value))
    yield Setting("recursion limit", sys.getrecursionlimit, sys.setrecursionlimit)
    yield Setting("signal handlers", _handlers, _set_handlers)
    yield Setting("timer", lambda: signal.getitimer(signal.ITIMER_REAL)[0] > 0, _stop_timer)
    yield Setting("locale", partial(locale.setlocale, locale.LC_ALL), _set_locale)
    yield Setting("logging", _logging, _set_logging)
    yield Setting("output", lambda: (sys.stdout, sys.stderr, sys.excepthook), _set_output)
    yield Setting("tracing", lambda: (sys.gettrace(), sys.getprofile()), _set_tracing)
    yield Setting("garbage collection", lambda: (gc.isenabled(), gc.get_threshold()), _set_gc)
    yield Setting("decimal context", lambda: repr(decimal.getcontext()), _set_decimal())
    yield Setting("socket timeout", socket.getdefaulttimeout, socket.setdefaulttimeout)
    yield Setting("start method", partial(multiprocessing.get_start_method, allow_none=True),
                  partial(multiprocessing.set_start_method, force=True))  # fmt: skip
    yield Setting("numpy's errors", np.geterr, lambda value: np.seterr(**value))
    yield Setting("numpy's error call", np.geterrcall, np.seterrcall)
    yield Setting("numpy's print options", np.get_printoptions,
                  lambda value: np.set_printoptions(**value))  # fmt: skip
    yield Setting("numpy's generator", _generator, _set_generator)
    if hasattr(os, "sched_getaffinity"):
        yield Setting("processors", lambda: os.sched_getaffinity(0),
                      lambda value: os.sched_setaffinity(0, value))  # fmt: skip
    yield Setting("niceness", lambda: os.nice(0))
    yield Setting("threads", _Threads())
    for name, read, write in torch_settings():
        yield Setting(name, read, write)


def _refill(there: list[Any], value: list[Any]) -> None:
    there[:] = value


def _set_environment(value: dict[str, str]) -> None:
    zone = os.environ.get("TZ")
    for name in os.environ.keys() - value.keys():
        del os.environ[name]
    os.environ.update({k: v for k, v in value.items() if os.environ.get(k) != v})
    if zone != os.environ.get("TZ"):
        time.tzset()


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _handlers() -> dict[int, Any]:
    """Python's handlers by signal; one that is not Python's reads as None and is left alone."""
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


def _set_handlers(value: dict[int, Any]) -> None:
    for number, handler in value.items():
        if handler is not None and signal.getsignal(number) != handler:
            signal.signal(number, handler)


def _stop_timer(running: bool) -> None:
    if not running:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _set_locale(value: str) -> None:
    locale.setlocale(locale.LC_ALL, value)


def _logging() -> tuple[Any, ...]:
    root = logging.getLogger()
    return root.level, root.manager.disable, tuple(root.handlers), tuple(root.filters)


def _set_logging(value: tuple[Any, ...]) -> None:
    root = logging.getLogger()
    level, root.manager.disable, handlers, filters = value
    root.setLevel(level)
    root.handlers[:], root.filters[:] = handlers, filters


def _set_output(value: tuple[Any, ...]) -> None:
    sys.stdout, sys.stderr, sys.excepthook = value


def _set_tracing(value: tuple[Any, ...]) -> None:
    sys.settrace(value[0])
    sys.setprofile(value[1])


def _set_gc(value: tuple[bool, tuple[int, int, int]]) -> None:
    (gc.enable if value[0] else gc.disable)()
    gc.set_threshold(*value[1])


def _set_decimal() -> Callable[[Any], None]:
    before = decimal.getcontext().copy()
    return lambda _: decimal.setcontext(before.copy())


def _generator() -> Any:
    return np.random.mtrand.get_bit_generator()


def _set_generator(value: Any) -> None:
    np.random.mtrand.set_bit_generator(value)


class _Threads:
    """Whether threads are at work that were not there when this was made."""

    def __init__(self) -> None:
        self._before = set(threading.enumerate())

    def __call__(self) -> list[str]:
        return sorted(
            thread.name
            for thread in set(threading.enumerate()) - self._before
            if not isinstance(thread, threading._DummyThread)
            and type(thread).__module__.partition(".")[0] not in LIBRARIES_OWN
        )
