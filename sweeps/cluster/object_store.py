"""A copy of a sweep's folder in an object store, for a head whose disk may vanish.

The head alone writes to the store. Metrics and checkpoints are uploaded before the records that
refer to them, so that the copy is consistent whenever the head crashes. Apache Arrow speaks to the
store; keys come from where it finds them on the head.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ilsweep.analysis.records.files import read_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import FolderError, shorten
from ilsweep.sweeps.progress.console import say
from ilsweep.sweeps.store import sweep_dir

EVERY_S = 15.0
"""Seconds between two copies; what a vanished head costs at most, beside the save interval."""
LAST = {"record.json", "optuna.log", "manifest.json"}
"""Files that speak of others."""

Stamp = tuple[int, int, int]
"""Time of the last change, size and inode of a file."""
UNKNOWN = (0, 0, 0)


def is_store(address: str) -> bool:
    """Whether `address` names a store rather than a folder or a cluster.

    Raises:
        FolderError: it does, with a key that everybody would see.
    """
    parts = urlsplit(address)
    if parts.scheme != "s3":
        return False
    if parts.username or parts.password:
        raise FolderError(
            f"s3://…@{parts.hostname}: takes no keys, they would be seen; valid: "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile, where the head is started"
        )
    return True


class ObjectStoreMirror:
    """The copy of one sweep's folder: `address`/`name`.

    Raises:
        FolderError: the store cannot be reached or opened.
    """

    def __init__(self, address: str, name: str) -> None:
        from pyarrow.fs import FileSystem

        self._address = f"{address.partition('?')[0].rstrip('/')}/{name}"
        self._sent: dict[str, Stamp] = {}
        with self._answering():
            self._files, place = FileSystem.from_uri(address)
            self._root = f"{place.rstrip('/')}/{name}"
        self.manifest: dict[str, Any] = self._read_manifest()

    def push(self, root: Path) -> None:
        """Copy what changed since the last call, and take away the checkpoints that are gone.

        Raises:
            FolderError: the store cannot be written.
        """
        changed = {path: stamp for path, stamp in _visible(root)
                   if self._sent.get(_name(root, path)) != stamp}  # fmt: skip
        last = {path: _content(path) for path in changed if path.name in LAST}
        first = [path for path in changed if path not in last]
        with self._answering():
            for path, content in chain(((path, _content(path)) for path in first), last.items()):
                if content is not None:
                    self._write(root, path, content, changed[path])
            for name in [name for name in self._sent if not (root / name).exists()]:
                self._files.delete_file(f"{self._root}/{name}")
                del self._sent[name]

    def pull(self, root: Path, wanted: Callable[[Path], bool] = lambda path: True) -> None:
        """Bring home the files of which `wanted` says yes, by their place in the folder.

        Raises:
            FolderError: the store cannot be read, or holds a file that would lie outside `root`.
        """
        from pyarrow.fs import FileSelector, FileType

        with self._answering():
            found = self._files.get_file_info(
                FileSelector(self._root, recursive=True, allow_not_found=True)
            )
        for info in found:
            name = Path(info.path).relative_to(self._root)
            if info.type != FileType.File or not wanted(name):
                continue
            if not (root / name).resolve().is_relative_to(root.resolve()):
                raise FolderError(f"{self._address}: holds {str(name)!r}, which lies outside")
            with self._answering():
                content = self._read(info.path)
            write_atomic(root / name, content)
            self._sent[str(name)] = UNKNOWN

    def _write(self, root: Path, path: Path, content: bytes, stamp: Stamp) -> None:
        name = _name(root, path)
        target = f"{self._root}/{name}"
        self._files.create_dir(target.rpartition("/")[0], recursive=True)
        with self._files.open_output_stream(target) as stream:
            stream.write(content)
        self._sent[name] = stamp

    def _read(self, place: str) -> bytes:
        with self._files.open_input_stream(place) as stream:
            content: bytes = stream.read()
        return content

    def _read_manifest(self) -> dict[str, Any]:
        from pyarrow.fs import FileType

        place = f"{self._root}/manifest.json"
        with self._answering():
            if self._files.get_file_info(place).type != FileType.File:
                return {}
            found: dict[str, Any] = json.loads(self._read(place))
        return found

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise FolderError(
                f"{self._address}: the store cannot be used ({shorten(str(error), 200)}); valid: "
                "an existing bucket that the head may write, as s3://bucket/folder"
            ) from None


@contextmanager
def mirrored(root: Path, mirror: ObjectStoreMirror) -> Iterator[None]:
    """Keep the copy of `root` while the block runs, and once more at its end.

    A copy that fails meanwhile is said once and tried again.

    Raises:
        FolderError: the last copy failed.
    """
    ended = threading.Event()

    def work() -> None:
        failing = False
        while not ended.wait(EVERY_S):
            try:
                mirror.push(root)
                failing = False
            except FolderError as error:
                if not failing:
                    say(f"{error}; trying again, the sweep goes on meanwhile")
                failing = True

    thread = threading.Thread(target=work, name="mirror")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        mirror.push(root)


def restore(root: Path, mirror: ObjectStoreMirror) -> None:
    """Make `root` what the store holds, where that is a later state of the same sweep.

    Raises:
        FolderError: `root` holds another sweep than the store.
    """
    here = read_json(SweepPaths(root).manifest)
    if here and mirror.manifest:
        sweep_dir.check_same(root, mirror.manifest)
    stored, known = (sweep_dir.sessions_of(each) for each in (mirror.manifest, here))
    if len(stored) > len(known):
        mirror.pull(root)


def _visible(root: Path) -> Iterator[tuple[Path, Stamp]]:
    for path in sweep_dir.files(root):
        with suppress(FileNotFoundError):
            found = path.stat()
            yield path, (found.st_mtime_ns, found.st_size, found.st_ino)


def _content(path: Path) -> bytes | None:
    """None for what was taken away meanwhile, as a checkpoint that is pruned."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _name(root: Path, path: Path) -> str:
    return str(path.relative_to(root))
