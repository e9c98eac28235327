"""A record that is no regular file reads as missing, at once."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from ilsweep.analysis.records.curves import read_lines
from ilsweep.analysis.records.files import read_json, read_regular
from ilsweep.sweeps.cli.main import main
from tests.sweeps.coins import coins, finished

ODD = ["fifo", "zero", "folder", "socket", "link to a fifo", "huge", "gone"]


def put(path: Path, kind: str) -> None:
    """Something odd in the place of a file."""
    path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "zero":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    elif kind == "link to a fifo":
        os.mkfifo(path.with_suffix(".pipe"))
        path.symlink_to(path.with_suffix(".pipe"))
    elif kind == "huge":
        with path.open("wb") as file:
            file.truncate(1 << 42)


@pytest.mark.parametrize("kind", ODD)
def test_it_reads_as_missing(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    put(path, kind)
    assert read_json(path) == {}
    assert read_lines(path) == []
    with pytest.raises(OSError, match=r"^\[Errno \d+\] (is |cannot be read)"):
        read_regular(path, 1000)


@pytest.mark.parametrize("kind", ODD)
def test_a_sweep_with_it_is_ranked_and_reported(tmp_path: Path, kind: str) -> None:
    paths = finished(tmp_path / "c", coins(seeds=[0]))
    for i, name in enumerate(("params.json", "metrics.jsonl", "record.json")):
        odd = paths.trials / f"odd{i}"
        shutil.copytree(next(paths.trials.iterdir()), odd)
        put(odd / name, kind)
    for name in ("stages.json", "confirm.jsonl"):
        put(paths.root / name, kind)
    for command in ("status", "rank", "diagnose"):
        assert main([command, str(paths.root)]) == 0
