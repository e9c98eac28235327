"""Files of a sweep's folder: who may read them is for the umask to say."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ilsweep.analysis.records.files import append_line, write_atomic
from ilsweep.sweeps.store import checkpoints


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o027, 0o640), (0o022, 0o644)])
def test_every_file_keeps_to_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    earlier = os.umask(umask)
    try:
        write_atomic(tmp_path / "record.json", "{}")
        write_atomic(tmp_path / "record.json", "{ }")
        append_line(tmp_path / "metrics.jsonl", {"step": 1})
        checkpoints.CheckpointFolder(tmp_path / "checkpoints").put(1, b"")
    finally:
        os.umask(earlier)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {mode}
    assert (tmp_path / "record.json").read_text() == "{ }"


def test_what_cannot_be_written_leaves_nothing_beside(tmp_path: Path) -> None:
    (tmp_path / "record.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomic(tmp_path / "record.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]
