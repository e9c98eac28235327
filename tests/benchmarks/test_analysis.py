"""The benchmark of the analysis counts only what was read, ranked and written."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.analysis import SEEDS, measure, write_sweep
from ilsweep.analysis.load.sweep import read_sweep


def test_all_of_a_sweep_is_measured(tmp_path: Path) -> None:
    write_sweep(tmp_path, 24, 20)
    times, _, _ = measure(tmp_path, 24, 20)
    assert len(times) == 3


def test_its_configurations_differ(tmp_path: Path) -> None:
    write_sweep(tmp_path, 400 * SEEDS, 1)
    points = {tuple(trial.params.values()) for trial in read_sweep(tmp_path).trials}
    assert len(points) == 400


def test_what_was_not_read_ends_it(tmp_path: Path) -> None:
    write_sweep(tmp_path, 24, 20)
    (tmp_path / "trials/00003/metrics.jsonl").write_text("")
    with pytest.raises(SystemExit, match="reports a trial"):
        measure(tmp_path, 24, 20)
    with pytest.raises(SystemExit, match="trials read: 24 where 25"):
        measure(tmp_path, 25, 20)
