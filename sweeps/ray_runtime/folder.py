"""The folder of a sweep's own Ray: its sockets, its logs, what trainers print, and its token.

Nobody else can look into it, and it goes with the sweep. Of a sweep that was killed it goes at the
next start; where Ray itself broke off, its logs are kept a week. Where the temporary folder's name
is too long for a socket, or it cannot be written, another is taken.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ilsweep.sweeps.errors import FolderError, RayFailedError
from ilsweep.sweeps.processes.signals import signals_ignored
from ilsweep.sweeps.progress.console import say

PREFIX = "ilsweep-ray-"
LONGEST = 107 - len("/r/session_2026-11-25_17-32-00_123456_1234567/sockets/plasma_store")
"""Bytes of the folder's path: a socket's may have 107."""
KEPT_S = 7 * 24 * 3600.0
OWNER, KEPT, TOKEN = "owner", "kept", "token"
RAYS = "r"
"""What Ray is given, within: it opens its own folder to everybody."""
MAKING_S = 60.0
REMOVING_S = 2.0
"""For what still writes into a folder that is being removed."""


@contextmanager
def private() -> Iterator[Path]:
    """A new folder, removed at the end unless Ray broke off.

    Raises:
        FolderError: no temporary folder can be used.
    """
    for left in _left():
        _remove(left)
    folder = _make()
    with _owned(folder):
        try:
            yield folder
        except RayFailedError:
            (folder / TOKEN).unlink(missing_ok=True)
            with suppress(OSError):  # no space for it
                (folder / KEPT).touch()
                say(f"Ray's logs are kept for a week: {folder}")
            raise
        finally:
            with signals_ignored():
                if not (folder / KEPT).exists():
                    _remove(folder)


@contextmanager
def _owned(folder: Path) -> Iterator[None]:
    """Hold the lock that tells the folder of a living sweep; held before it can be seen."""
    made = folder / f"{OWNER}.new"
    with made.open("w") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        made.rename(folder / OWNER)
        yield


def token(folder: Path) -> Path:
    """A new token that opens this one Ray, in a file that only its owner can read."""
    path = folder / TOKEN
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32))
    return path


def places() -> list[Path]:
    """Where the folder may be, the likeliest first."""
    named = (os.environ.get(name) for name in ("RAY_TMPDIR", "TMPDIR"))
    last = ("/tmp", os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm", "/var/tmp")
    return list(dict.fromkeys(Path(name).absolute() for name in (*named, *last) if name))


def _make() -> Path:
    tried = []
    for place in places():
        if len(os.fsencode(place / f"{PREFIX}12345678")) > LONGEST:
            tried.append(f"{place} is too long for a socket's path")
            continue
        try:
            return Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        except OSError as error:
            tried.append(f"{place}: {error.strerror}")
    raise FolderError(
        f"no temporary folder can be used ({'; '.join(tried)}); valid: TMPDIR=/a/short/folder"
    )


def _left() -> Iterator[Path]:
    """Folders of our own sweeps that have ended."""
    for place in places():
        for folder in place.glob(f"{PREFIX}*"):
            with suppress(OSError):
                if folder.lstat().st_uid == os.getuid() and _ended(folder):
                    yield folder


def _ended(folder: Path) -> bool:
    now = time.time()
    kept = folder / KEPT
    if kept.exists():
        return now - kept.stat().st_mtime > KEPT_S
    try:
        with (folder / OWNER).open() as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:  # it is being made, or was not removed to its end
        return now - folder.stat().st_mtime > MAKING_S
    return True


def _remove(folder: Path) -> None:
    until = time.monotonic() + REMOVING_S
    shutil.rmtree(folder, ignore_errors=True)
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.05)
        shutil.rmtree(folder, ignore_errors=True)
