"""The files of records: read within bounds, written whole.

Only regular files are read, and none beyond a bound: a pipe gives nothing for ever and a device
everything for ever; neither is a record.
"""

from __future__ import annotations

import errno
import json
import math
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

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


def write_atomic(path: Path, content: str | bytes) -> None:
    """Replace `path` by `content`, or leave it as it was: never half of either."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with temporary.open("xb") as file:  # the umask says who may read it, as with every file
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """JSON that every parser reads: what is not finite becomes null, what is not UTF-8 `?`."""
    try:
        text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    except (TypeError, ValueError):  # numpy's numbers, NaN, infinities: rare, and slow to look for
        text = json.dumps(_finite(value), ensure_ascii=False, indent=indent, allow_nan=False)
    return text.encode("utf-8", "replace").decode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return _finite(value.item())
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def append_line(path: Path, row: Mapping[str, Any]) -> None:
    """Add one whole line. After a torn line (a crash in the middle of a write) starts a new one."""
    line = to_json(row, indent=None).encode() + b"\n"
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)


def read_json(path: Path) -> dict[str, Any]:
    """The object in `path`; empty where the file is missing or does not hold one."""
    try:
        value = json.loads(read_regular(path, MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
