"""What a trainer's code raised, in words that name it. Nothing in it is trusted to be printable."""

from __future__ import annotations

import os
import traceback

from ilsweep.sweeps.errors import shorten
from ilsweep.sweeps.metrics import MetricsError
from ilsweep.sweeps.security.secrets import hidden
from ilsweep.sweeps.store.checkpoints import StateError

LONGEST = 4000
"""Characters of a traceback that are kept, the last ones."""


def story(error: BaseException) -> str:
    """Where it was raised and what it said, without secrets; its last line says enough."""
    if isinstance(error, MetricsError | StateError):
        return str(error)
    told = "".join(traceback.format_exception(error))
    if not isinstance(error, Exception):
        told += f"the trainer {what_it_did(error)}\n"
    return hidden(told, os.environ)[-LONGEST:]


def what_it_did(error: BaseException) -> str:
    """One line: `called sys.exit(3)`, `raised ValueError: no camera`."""
    try:
        if isinstance(error, SystemExit):
            return f"called sys.exit({'' if error.code is None else ascii(error.code)})"
        lines = hidden(str(error), os.environ).strip().splitlines()
    except Exception:  # noqa: BLE001 - of an error whose text cannot be had
        lines = []
    return f"raised {type(error).__name__}" + (f": {shorten(lines[0])}" if lines else "")


def is_rays_own(error: BaseException) -> bool:
    """Whether Ray ends the process, by an exit that it raises wherever the process stands."""
    if isinstance(error, Exception):
        return False
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_globals.get("__name__", "").startswith("ray.") for frame, _ in frames)
