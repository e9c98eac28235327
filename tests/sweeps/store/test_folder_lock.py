"""Who holds a sweep's folder, and who only looks whether somebody does."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path

import pytest

from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.store.folder_lock import is_locked, locked


def test_one_holds_it_until_the_end(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path)
    assert not is_locked(paths)
    with locked(paths):
        assert is_locked(paths)
        with pytest.raises(FolderError, match="another ilsweep is running here"), locked(paths):
            pass
    assert not is_locked(paths)


def test_who_only_looks_keeps_nobody_out(tmp_path: Path) -> None:
    """`status` again and again, on a machine that is slow between its two steps."""
    paths = SweepPaths(tmp_path)
    with paths.lock.open("w") as looks:
        fcntl.flock(looks, fcntl.LOCK_SH)
        leaves = threading.Timer(0.2, fcntl.flock, (looks, fcntl.LOCK_UN))
        leaves.start()
        try:
            with locked(paths):
                assert is_locked(paths)
        finally:
            leaves.join()
