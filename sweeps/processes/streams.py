"""Standard input, output and error, in whatever state a process was handed them.

OSError
    Unwritable    standard output takes nothing more: a full disk, say
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any


class Unwritable(OSError):  # noqa: N818
    """Standard output cannot be written."""


class _Output(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Unwritable(error.errno, error.strerror) from None


def prepare() -> None:
    """Open what is closed: what is written there goes nowhere. Output raises `Unwritable`."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115 - stays open
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(1, "w", closefd=False)),
        encoding=sys.stdout.encoding,
        errors=sys.stdout.errors,
        line_buffering=sys.stdout.isatty(),
    )


def give_up_output() -> None:
    """What could not be written is not tried again when the process ends."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
