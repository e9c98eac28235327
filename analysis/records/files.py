"""Files that others wrote: only regular ones are read, and none beyond a bound.

A pipe gives nothing for ever and a device everything for ever; neither is a record.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MOST_BYTES = 1 << 30
"""Of a record, or of a log that is imported; what it means takes some times as much memory."""

KINDS = {
    stat.S_IFDIR: "is a folder; name its files",
    stat.S_IFIFO: "is a FIFO, not a regular file",
    stat.S_IFSOCK: "is a socket, not a regular file",
    stat.S_IFCHR: "is a device, not a regular file",
    stat.S_IFBLK: "is a device, not a regular file",
}


def read_regular(path: Path, most: int) -> bytes:
    """What a regular file holds now.

    Raises:
        OSError: it is missing, cannot be read, is no regular file, or has over `most` bytes;
            `strerror` says which.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
        kind = KINDS[stat.S_IFSOCK] if error.errno == errno.ENXIO else why
        raise OSError(error.errno, kind, str(path)) from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            kind = KINDS.get(stat.S_IFMT(found.st_mode), "is not a regular file")
            raise OSError(errno.EINVAL, kind, str(path))
        if found.st_size > most:
            raise OSError(errno.EFBIG, f"is larger than {most >> 20} MiB", str(path))
        with open(handle, "rb", closefd=False) as file:
            return file.read(found.st_size)
    finally:
        os.close(handle)
