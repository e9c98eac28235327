"""Ctrl-C and SIGTERM: one means what the other means, and being asked twice changes nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[None]:
    """Either signal raises KeyboardInterrupt, once: from then on this process is ending."""
    earlier = [signal.signal(number, _interrupt) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(SIGNALS, earlier, strict=True):
            if signal.getsignal(number) is _interrupt:
                signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def undisturbed() -> Iterator[None]:
    """Neither signal in here; for the seconds in which things are put away."""
    earlier = [signal.signal(number, signal.SIG_IGN) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(SIGNALS, earlier, strict=True):
            signal.signal(number, handler)


@contextmanager
def kept() -> Iterator[None]:
    """What is called in here may set handlers of its own, as `ray.init` does: they are unset."""
    earlier = [signal.getsignal(number) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(SIGNALS, earlier, strict=True):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)
