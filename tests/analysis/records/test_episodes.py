"""A trial's episodes, written and read."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ilsweep.analysis.records.episodes import read_episodes, write_episodes
from ilsweep.analysis.records.paths import TrialPaths

SOUND: dict[str, Any] = {
    "seed": 2**31, "variant": "none", "success": True, "steps": 40, "reward": 4.0,
    "film": b"film", "thumbnail": b"still", "path": ((0.0, 1.0, 2.0), (0.5, 1.5, 2.5)),
}  # fmt: skip


def test_what_was_written_is_read(tmp_path: Path) -> None:
    paths = TrialPaths(tmp_path)
    demonstration = {**SOUND, "variant": "demonstration", "success": None, "film": b"",
                     "reward": math.nan, "path": ()}  # fmt: skip
    write_episodes(paths, [SOUND, {**SOUND, "variant": "black_images"}, demonstration])
    first, second, third = read_episodes(paths)
    assert (first.seed, first.success, first.steps, first.reward) == (2**31, True, 40, 4.0)
    assert first.path == SOUND["path"]
    assert first.thumbnail == b"still"
    assert first.film == tmp_path / "episodes" / f"{2**31}.mp4"
    assert first.film.read_bytes() == b"film"
    assert second.film == tmp_path / "episodes" / f"{2**31}-black_images.mp4"
    assert third.success is None
    assert third.film is None
    assert math.isnan(third.reward)
    first.film.unlink()
    assert read_episodes(paths)[0].film is None


def test_a_folder_without_episodes_has_none(tmp_path: Path) -> None:
    assert read_episodes(TrialPaths(tmp_path)) == []


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no table at all" * 9])
def test_a_damaged_file_has_none(tmp_path: Path, content: bytes) -> None:
    paths = TrialPaths(tmp_path)
    paths.episodes.write_bytes(content)
    assert read_episodes(paths) == []


@pytest.mark.parametrize("film", ["../secret.mp4", "/etc/passwd", "1.mp4"])
def test_a_row_names_no_file_of_others(tmp_path: Path, film: str) -> None:
    paths = TrialPaths(tmp_path / "trial")
    paths.root.mkdir()
    (tmp_path / "secret.mp4").write_bytes(b"x")
    row = {"seed": 5, "variant": "../../secret", "steps": 1, "film": film}
    pq.write_table(pa.Table.from_pylist([row]), paths.episodes)
    [read] = read_episodes(paths)
    assert read.film is None
    assert read.path == ()
    assert read.success is None


def test_other_columns_and_types_read_as_nothing(tmp_path: Path) -> None:
    paths = TrialPaths(tmp_path)
    pq.write_table(pa.Table.from_pylist([{"seed": "x", "variant": 3}]), paths.episodes)
    assert read_episodes(paths) == []
