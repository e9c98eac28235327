"""Why an environment of LeRobot's cannot be made, in words that help; run by its interpreter."""

from __future__ import annotations

import sys
from importlib import metadata
from types import TracebackType


def explained(error: Exception, environment: str) -> str:
    """What is missing, and how it comes there; `environment` is LeRobot's name of its type."""
    if isinstance(error, ModuleNotFoundError):
        return f"{sys.executable} has no module {error.name!r}{_extra(environment)}"
    if isinstance(error, EOFError) and (module := _asking(error.__traceback__)):
        once = f'answer it once in a terminal: {sys.executable} -c "import {module}"'
        return f"{module} asks something when it is first imported; {once}"
    if isinstance(error, FileNotFoundError) and environment == "libero":
        hub = "LIBERO downloads its assets from the hub when it is first used, and could not"
        return f"{error.filename} is missing; {hub}"
    return f"{type(error).__name__}: {error}"


def _extra(environment: str) -> str:
    """The way to install what an environment needs, where LeRobot has one."""
    try:
        known = metadata.metadata("lerobot").get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        return "; valid: the interpreter in which its LeRobot is installed"
    if environment not in known:
        return ""
    return f"; there: {sys.executable} -m pip install 'lerobot[{environment}]'"


def _asking(traceback: TracebackType | None) -> str:
    """The module that was at work where an error was raised."""
    name = ""
    while traceback:
        name = str(traceback.tb_frame.f_globals.get("__name__", ""))
        traceback = traceback.tb_next
    return name
