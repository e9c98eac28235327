"""A disk that fills up, or cannot be written: one clear line, nothing lost, and resume goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ilsweep.analysis.records.curves import read_lines
from ilsweep.analysis.records.files import append_line, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from tests.sweeps.as_typed import ilsweep, rows, start, trials, undisturbed, wait_for, write_spec


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs root to mount a small disk: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take every byte that is left; what is deleted to have them back."""
    filler = disk / "filler"
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        while True:
            os.write(descriptor, bytes(4096))
    except OSError:
        os.close(descriptor)
    return filler


def one_line(text: str) -> str:
    """All that is said beside how the search goes."""
    (line,) = [
        line
        for line in text.splitlines()
        if " trials · " not in line and not line.startswith("search: ")
    ]
    return line


def test_nothing_is_replaced_by_half_of_something(disk: Path) -> None:
    kept = disk / "kept.json"
    write_atomic(kept, "whole")
    fill(disk)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(kept, bytes(10_000))
    assert kept.read_text() == "whole"
    assert sorted(path.name for path in disk.iterdir()) == ["filler", "kept.json"]


def test_a_line_cut_off_by_a_full_disk_spoils_no_other(disk: Path) -> None:
    path = disk / "metrics.jsonl"
    append_line(path, {"step": 1, "x": 1.0})
    filler = fill(disk)
    with pytest.raises(OSError, match="No space left"):
        append_line(path, {"step": 2, "x": "y" * 10_000})
    filler.unlink()
    append_line(path, {"step": 2, "x": 2.0})
    assert [row["step"] for row in read_lines(path)] == [1, 2]


def test_a_sweep_does_not_begin_where_it_cannot_write(disk: Path, tmp_path: Path) -> None:
    spec = write_spec(tmp_path)
    filler = fill(disk)
    done = ilsweep("run", spec, "--storage", disk)
    assert done.returncode == 2
    assert one_line(done.stderr) == f"{disk}/small: cannot be written (No space left on device)"
    assert list(disk.iterdir()) == [filler]
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    done = ilsweep("run", spec, "--storage", disk)
    assert done.returncode == 2
    assert one_line(done.stderr) == f"{disk}/small: cannot be created (Read-only file system)"


@pytest.mark.slow
@pytest.mark.parametrize("full_at", ["record", "checkpoint"])
def test_a_disk_that_fills_up_ends_the_sweep_and_loses_nothing(
    disk: Path, tmp_path: Path, full_at: str
) -> None:
    often = {"record": 100_000, "checkpoint": 500}[full_at]
    params = {"steps": 6000, "log_every": 100, "eval_every": 1000, "save_every": often, "width": 64}
    spec = write_spec(tmp_path, params=params, search={"algorithm": "random", "num_trials": 2})
    root = disk / "small"
    driver = start("run", spec, "--storage", disk)
    wait_for(lambda: len(rows(root, "c0000-s0")) >= 8)
    filler = fill(disk)
    _, errors = driver.communicate(timeout=120)
    assert driver.returncode == 1, errors
    line = one_line(errors)
    assert "No space left on device" in line
    assert line.endswith(f"continue with: ilsweep resume {root}")
    before = {name: rows(root, name) for name in trials(root)}
    assert {trial.state for trial in trials(root).values()} <= {"running", "pending"}

    fill(disk)
    refused = ilsweep("resume", root)
    assert refused.returncode == 2
    assert one_line(refused.stderr) == f"{root}: cannot be written (No space left on device)"

    filler.unlink()
    done = ilsweep("resume", root)
    assert done.returncode == 0, done.stderr
    assert sorted(trials(root)) == ["c0000-s0", "c0001-s0"]
    for trial in trials(root).values():
        assert trial.state == "completed"
        earlier = before.get(trial.id, [])
        assert rows(root, trial.id)[: len(earlier)] == earlier
        expected = undisturbed(trial, params, tmp_path / "alone")
        assert trial.curve("train/loss").values.tolist() == expected


@pytest.mark.ray
def test_a_report_that_finds_no_space_leaves_the_one_before(disk: Path, tmp_path: Path) -> None:
    assert ilsweep("run", write_spec(tmp_path), "--storage", disk).returncode == 0
    paths = SweepPaths(disk / "small")
    before = paths.report("en").read_bytes()
    filler = fill(disk)
    done = ilsweep("report", paths.root)
    assert done.returncode == 2
    assert one_line(done.stderr) == f"{paths.root}: cannot be written (No space left on device)"
    assert paths.report("en").read_bytes() == before
    filler.unlink()
    assert ilsweep("report", paths.root).returncode == 0
    assert paths.report("en").read_bytes() == before
