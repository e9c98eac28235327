"""A TensorBoard event file, `events.out.tfevents.*`, read by the package `tensorboard`.

`pip install ilsweep[tensorboard]` brings it; it needs no tensorflow. Scalars are read, of both ways
in which they are written (`simple_value`, and tensors with one number).
"""

from __future__ import annotations

import logging
import struct
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.source import ForeignRun, ImportRefused, Source

HEADER = struct.Struct("<QI")
"""Length of a record and its checksum (TFRecord)."""

NEEDED = "needs the package that reads event files: pip install 'ilsweep[tensorboard]'"


class Missing(ImportRefused):
    """The package that reads such a file is not installed."""


def detect(source: Source) -> bool:
    start = source.content[:200]
    if len(start) < HEADER.size:
        return False
    length, _ = HEADER.unpack_from(start)
    return b"brain.Event:" in start and length < len(source.content)


def read(source: Source) -> list[ForeignRun]:
    """The run of the file; of a torn one, what it holds.

    Raises:
        Missing: the package tensorboard is not installed.
    """
    try:
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
        from tensorboard.util import tensor_util
    except ModuleNotFoundError:
        raise Missing(f"{source.path}: {NEEDED}") from None
    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    rows: list[dict[str, Any]] = []
    try:
        for event in EventFileLoader(str(source.path)).Load():
            for value in event.summary.value:
                number = _scalar(value, tensor_util)
                if number is not None:
                    rows.append({"step": int(event.step), value.tag: number})
    except Exception:  # noqa: BLE001 - torn or damaged: no common error
        if not rows:
            return [ForeignRun(id=_run_id(source), rows=[])]
    return [ForeignRun(id=_run_id(source), rows=rows)]


def _run_id(source: Source) -> str:
    return source.path.resolve().parent.name or "events"


def _scalar(value: Any, tensor_util: Any) -> float | None:
    """The number of a summary; None for images, histograms and texts."""
    if value.HasField("simple_value"):
        return float(value.simple_value)
    if not value.HasField("tensor"):
        return None
    array = tensor_util.make_ndarray(value.tensor)
    return float(array.reshape(-1)[0]) if array.size == 1 and array.dtype.kind in "fiu" else None


FORMAT = LogFormat(
    name="tensorboard",
    title="TensorBoard event file",
    detect=detect,
    read=read,
    looks="events.out.tfevents.1700000000.host",
)
