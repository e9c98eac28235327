"""A trial's checkpoints: written whole or not at all, loaded without running code.

OSError
    CheckpointError    a checkpoint could not be written or read: the disk's fault, not the trial's
ValueError
    StateError         what a trainer gave as its state cannot be loaded again
"""

from __future__ import annotations

import io
import re
import warnings
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ilsweep.analysis.records.files import write_atomic

KEEP = 2
"""Checkpoints of a trial that goes on."""
NOTE = "removed.txt"
"""Beside a trial's checkpoints: why there are none any more."""
_NAME = re.compile(r"step_(\d{9})\.ckpt$")
_MAGIC = b"ILSWEEP1"


class CheckpointError(OSError):
    """A checkpoint could not be written or read: a full disk, a lost mount."""


class StateError(ValueError):
    """What a trainer gave as its state cannot be loaded again. Its text is one line."""


class CheckpointStore(Protocol):
    """Where one trial's checkpoints are kept.

    Raises:
        OSError: it cannot be written or read.
    """

    def put(self, step: int, content: bytes, *, last: bool = False) -> None:
        """Keep the checkpoint of `step`, as `pack` made it; the `last` alone."""

    def newest(self) -> bytes | None:
        """The last whole checkpoint."""


@dataclass(frozen=True)
class CheckpointFolder:
    """A folder on this machine's own or shared file system."""

    folder: Path

    def put(self, step: int, content: bytes, *, last: bool = False) -> None:
        write_atomic(path(self.folder, step), content)
        prune(self.folder)
        if last and newest(self.folder) == path(self.folder, step):  # it can be read again
            all_but(self.folder, path(self.folder, step))

    def newest(self) -> bytes | None:
        found = newest(self.folder)
        return found.read_bytes() if found else None


def path(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step lies in its folder."""
    return folder / f"step_{step:09d}.ckpt"


def pack(state: dict[str, Any]) -> bytes:
    """`state` (tensors, arrays, numbers, strings, lists, dicts) with a checksum before it.

    Raises:
        StateError: something else is in it.
    """
    import torch

    buffer = io.BytesIO()
    torch.save(_without_arrays(state), buffer)
    body = buffer.getvalue()
    return _MAGIC + zlib.crc32(body).to_bytes(4, "big") + body


def unpack(content: bytes) -> dict[str, Any]:
    """The state that `pack` made bytes of.

    Raises:
        ValueError: not a whole checkpoint.
    """
    import torch

    body = _body(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        state = torch.load(io.BytesIO(body), weights_only=True, map_location="cpu")
    return dict(_with_arrays(state))


def save(state: dict[str, Any], target: Path) -> None:
    """Write `state` to a file."""
    write_atomic(target, pack(state))


def load(source: Path) -> dict[str, Any]:
    """The state in a file.

    Raises:
        ValueError: the file is not a whole checkpoint.
    """
    try:
        return unpack(source.read_bytes())
    except ValueError as error:
        raise ValueError(f"{source.name}: {error}") from None


def newest(folder: Path) -> Path | None:
    """The last checkpoint that is whole; one that is torn, corrupt or gone is passed over."""
    for candidate in reversed(_all(folder)):
        try:
            _body(candidate.read_bytes())
        except (ValueError, FileNotFoundError):
            continue
        return candidate
    return None


def prune(folder: Path) -> None:
    """Keep the newest KEEP, so that one stays where the last turns out to be corrupt."""
    for old in _all(folder)[:-KEEP]:
        old.unlink(missing_ok=True)


def all_but(folder: Path, kept: Path) -> list[int]:
    """Remove what lies beside one of a trial's checkpoints: bytes each."""
    return _removed(found for found in _all(folder) if found != kept)


def all_removed(folder: Path, why: str) -> list[int]:
    """Remove a trial's checkpoints, and leave a note of why: bytes each.

    The note comes first, so that a kill on the way leaves none of them unexplained.
    """
    if not (found := _all(folder)):
        return []
    write_atomic(folder / NOTE, f"{why}\n")
    return _removed(found)


def why_removed(folder: Path) -> str:
    """Why a trial has no checkpoint any more; empty where nobody removed it."""
    try:
        return "" if _all(folder) else (folder / NOTE).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _removed(files: Iterable[Path]) -> list[int]:
    sizes = []
    for file in files:
        sizes.append(file.stat().st_size)
        file.unlink()
    return sizes


def _all(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("step_*.ckpt") if _NAME.search(p.name))


def _body(content: bytes) -> bytes:
    body = content[12:]
    if content[:8] != _MAGIC or content[8:12] != zlib.crc32(body).to_bytes(4, "big"):
        raise ValueError("not a whole checkpoint")
    return body


def _without_arrays(value: Any, place: tuple[Any, ...] = ()) -> Any:
    """Arrays as tensors under a mark: torch's safe loader takes tensors, not numpy's pickles."""
    import numpy as np
    import torch

    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        return {"__array__": torch.from_numpy(value.copy())}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        for key in value:
            _check_loads(key, (*place, key))
        return {key: _without_arrays(item, (*place, key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_arrays(item, (*place, i)) for i, item in enumerate(value)]
    _check_loads(value, place)
    return value


def _check_loads(value: Any, place: tuple[Any, ...]) -> None:
    """Whether a value of a rare type comes through the loader that runs no code."""
    import torch

    if type(value) in (torch.Tensor, str, int, float, bool, type(None)):
        return
    buffer = io.BytesIO()
    try:
        torch.save(value, buffer)
        torch.load(io.BytesIO(buffer.getvalue()), weights_only=True, map_location="cpu")
    except Exception:  # noqa: BLE001 - a user's type may raise anything
        where = ascii(".".join(map(str, place[1:])))
        raise StateError(
            f"state_dict holds a {type(value).__name__} at {where}, which cannot be kept; "
            "valid: tensors, arrays, numbers, text, lists and dicts of them"
        ) from None


def _with_arrays(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"__array__"}:
            return value["__array__"].numpy()
        return {key: _with_arrays(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_arrays(item) for item in value]
    return value
