"""Sessions of a sweep in its manifest, whatever somebody made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.store import sweep_dir

STARTED = {"started": "2026-01-01"}


@pytest.mark.parametrize("damaged", [3, "none", {"a": 1}, [3], None])
def test_a_damaged_list_begins_anew(tmp_path: Path, damaged: Any) -> None:
    paths = SweepPaths(tmp_path)
    write_atomic(paths.manifest, to_json({"name": "s", "sessions": damaged}))
    assert sweep_dir.sessions_of(read_json(paths.manifest)) == []
    assert sweep_dir.added(paths) == 0
    assert not sweep_dir.is_finished(paths)
    sweep_dir.add_session(paths, **STARTED)
    sweep_dir.add_session(paths, ended="2026-01-02")
    assert read_json(paths.manifest)["sessions"] == [{**STARTED, "ended": "2026-01-02"}]
    assert sweep_dir.is_finished(paths)
