"""Folders of arrays that are there whole or not at all, and are checked before they are used."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import parent_process
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.data.features import IMAGES

Arrays = Mapping[str, NDArray[np.generic]]

MANIFEST = "manifest.json"
CHECKSUM_BYTES = 8 * 2**20
"""Files up to this size are checksummed when they are opened; of larger ones only the size."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only process, among those that ask, that looks at or writes this folder.

    The lock is a file beside the folder and ends with the process that holds it, whose number it
    holds.

    Raises:
        RuntimeError: this process was started by the one that holds it, and waits for this one: a
            script without a guard runs again in each process that it starts.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(folder.name + ".lock"), "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _not_the_parent_s(file)
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        print(os.getpid(), file=file, flush=True)
        yield


def _not_the_parent_s(file: TextIO) -> None:
    file.seek(0)
    importing_main = "__mp_main__" in sys.modules and parent_process() is None
    if importing_main and file.read().strip() == str(os.getppid()):
        raise RuntimeError(
            "demonstrations are recorded in processes that run the main script again; "
            "put what it does under `if __name__ == '__main__':`"
        )


def write(folder: Path, arrays: Arrays, about: Mapping[str, object]) -> None:
    """Write arrays, named `group/name`, into a folder that appears under its name when complete.

    What was there before is replaced. To be called within `locked`.
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        files = {}
        for name, array in arrays.items():
            path = partial / f"{name}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, array, allow_pickle=False)
            files[f"{name}.npy"] = _facts(path)
        manifest = {**about, "files": files}
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def damage(folder: Path) -> str | None:
    """What is wrong with a folder that `write` made; None where nothing is, or none is there."""
    if not folder.exists():
        return None
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        wrong = [name for name, facts in files.items() if _facts(folder / name) != facts]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"
    return f"{wrong[0]} is not as it was written" if wrong else None


def read(folder: Path) -> dict[str, NDArray[np.generic]]:
    """The arrays of a folder, read-only; those of images stay on disk until they are touched."""
    arrays = {}
    for path in sorted(folder.rglob("*.npy")):
        name = path.relative_to(folder).as_posix().removesuffix(".npy")
        array = np.load(path, mmap_mode="r" if path.name.startswith(IMAGES) else None)
        array.flags.writeable = False
        arrays[name] = array
    return arrays


def kept(
    folder: Path, make: Callable[[], None], damaged: Callable[[str], None]
) -> dict[str, NDArray[np.generic]]:
    """The arrays of a folder that `make` writes now, unless it is there and sound.

    Any number of processes may ask at once: one makes it, the others wait. `damaged` is told what
    is wrong with one that has to be made again.
    """
    with locked(folder):
        problem = damage(folder)
        if problem:
            damaged(problem)
        if problem or not folder.exists():
            make()
        return read(folder)


def _facts(path: Path) -> list[int]:
    """Size of a file, and its CRC-32 where it is small."""
    size = path.stat().st_size
    return [size] if size > CHECKSUM_BYTES else [size, zlib.crc32(path.read_bytes())]
