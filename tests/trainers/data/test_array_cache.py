"""Folders that are whole or absent."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ilsweep.trainers.data import array_cache

ARRAYS = {
    "source/qpos": np.arange(6.0),
    "source/observation.images.top": np.zeros((2, 3, 4, 3), np.uint8),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    array_cache.write(tmp_path / "data", ARRAYS, {"config": {}})
    return tmp_path / "data"


def test_what_was_written_is_read(folder: Path) -> None:
    read = array_cache.read(folder)
    assert read.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read[name], array)
        assert not read[name].flags.writeable
    assert isinstance(read["source/observation.images.top"], np.memmap)
    assert array_cache.damage(folder) is None


def test_what_is_not_there_is_not_damaged(tmp_path: Path) -> None:
    assert array_cache.damage(tmp_path / "nothing") is None


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda f: flip(f / "source/qpos.npy"), "source/qpos.npy is not as it was written"),
        (lambda f: (f / "source/qpos.npy").write_bytes(b""), "source/qpos.npy is not as"),
        (lambda f: (f / "source/qpos.npy").unlink(), "FileNotFoundError"),
        (lambda f: (f / "manifest.json").unlink(), "FileNotFoundError"),
        (lambda f: (f / "manifest.json").write_text("{"), "JSONDecodeError"),
        (lambda f: (f / "manifest.json").write_text("[]"), "TypeError"),
    ],
)
def test_damage_is_found(folder: Path, harm: object, says: str) -> None:
    harm(folder)  # type: ignore[operator]
    assert says in str(array_cache.damage(folder))


def test_large_files_are_checked_by_size(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_cache, "CHECKSUM_BYTES", 10)
    array_cache.write(folder, ARRAYS, {})
    flip(folder / "source/qpos.npy")
    assert array_cache.damage(folder) is None
    (folder / "source/qpos.npy").write_bytes(b"short")
    assert array_cache.damage(folder) is not None


def test_a_failed_write_leaves_the_old_folder_and_nothing_else(folder: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        array_cache.write(folder, {"source/qpos": np.array([object()])}, {})
    assert array_cache.damage(folder) is None
    assert [path.name for path in folder.parent.iterdir()] == ["data"]


def test_a_half_written_folder_is_never_used(tmp_path: Path) -> None:
    (tmp_path / "data.partial" / "source").mkdir(parents=True)
    assert not (tmp_path / "data").exists()
    array_cache.write(tmp_path / "data", ARRAYS, {})
    assert not (tmp_path / "data.partial").exists()


def _hold(folder: Path, entered: multiprocessing.synchronize.Event) -> None:
    with array_cache.locked(folder):
        entered.set()
        time.sleep(0.4)
        (folder.parent / "done").touch()


def test_a_second_process_waits_for_the_first(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    entered = context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "data", entered))
    other.start()
    assert entered.wait(30)
    with array_cache.locked(tmp_path / "data"):
        assert (tmp_path / "done").exists()
    other.join()


SCRIPT = """
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from ilsweep.trainers.data.array_cache import locked

with locked(Path(sys.argv[1])):
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(print, "recorded").result()
"""


def test_a_script_without_a_guard_does_not_wait_for_itself(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    ran = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "data")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "put what it does under `if __name__ == '__main__':`" in ran.stderr
