"""A copy in an object store: whole at any moment, and enough to go on where a head was lost."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cluster.object_store import EVERY_S, ObjectStoreMirror, is_store
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.store import checkpoints
from tests.sweeps.as_typed import ROOT, ilsweep, options, rows, told, wait_for
from tests.sweeps.execution.test_nothing_lost import write_walk
from tests.walks import check_undisturbed

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
LINES = 3
FILES = 9
"""That a second push writes, the records last: a death at each of them, and none."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An S3 server with an empty bucket `lab`."""
    while True:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "moto.server", "-p", str(port)]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
            try:
                wait_for(lambda: process.poll() is not None or _bucket(port))  # noqa: B023
                if process.poll() is None:  # else somebody has taken the port meanwhile
                    yield f"endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1"
                    return
            finally:
                process.kill()


def _bucket(port: int) -> bool:
    with suppress(OSError):
        urllib.request.urlopen(
            urllib.request.Request(f"http://127.0.0.1:{port}/lab", method="PUT")
        ).close()
        return True
    return False


@pytest.fixture
def store(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return f"s3://lab/{tmp_path.name}?{server}"


def sweep(root: Path, state: str = "running", started: str = "2026-01-01") -> SweepPaths:
    """Two trials, whose records claim what their metrics and checkpoints must hold."""
    paths = SweepPaths(root)
    write_atomic(paths.manifest, to_json({"sessions": [{"started": started}]}))
    for name in ("c0000-s0", "c0001-s0"):
        trial = paths.trial(name)
        lines = LINES if state == "completed" else 1
        write_atomic(trial.metrics, "".join(f'{{"step": {i}}}\n' for i in range(lines)))
        checkpoint = checkpoints.path(trial.checkpoints, lines)
        write_atomic(checkpoint, checkpoints.pack({"step": lines}))
        write_atomic(trial.record, to_json({"state": state}))
    return paths


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*") if path.is_file()}  # fmt: skip


def test_what_was_copied_comes_back_and_what_is_hidden_stays(store: str, tmp_path: Path) -> None:
    root = sweep(tmp_path / "small").root
    there = ObjectStoreMirror(store, "small")
    assert there.manifest == {}
    there.push(root)
    whole = contents(root)
    (root / ".lock").touch()
    (root / "trials/c0000-s0/checkpoints/step_000000001.ckpt").unlink()
    there.push(root)
    del whole["trials/c0000-s0/checkpoints/step_000000001.ckpt"]
    again = ObjectStoreMirror(store, "small")
    assert again.manifest == read_json(root / "manifest.json")
    again.pull(tmp_path / "home")
    assert contents(tmp_path / "home") == whole
    shutil.rmtree(tmp_path / "home/trials/c0001-s0/checkpoints")
    again.push(tmp_path / "home")
    ObjectStoreMirror(store, "small").pull(tmp_path / "later")
    assert contents(tmp_path / "later") == contents(tmp_path / "home")


def test_what_is_taken_away_while_it_is_copied_is_left_out(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial that begins anew empties its folder: the copying goes on."""
    paths = sweep(tmp_path / "small")
    scan = os.scandir

    def emptied(place: Any) -> Any:
        if str(place) == str(paths.trial("c0000-s0").checkpoints):
            shutil.rmtree(paths.trial("c0000-s0").root)
        return scan(place)

    there = ObjectStoreMirror(store, "small")
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", emptied)
        there.push(paths.root)
    there.pull(tmp_path / "home")
    assert contents(tmp_path / "home") == contents(paths.root)


class Dies(ObjectStoreMirror):
    """A head that is lost after so many files."""

    def __init__(self, address: str, name: str, left: int) -> None:
        super().__init__(address, name)
        self._left = left

    def _write(self, *args: Any) -> None:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        super()._write(*args)


@pytest.mark.parametrize("files", range(FILES + 1))
def test_a_record_never_tells_of_what_is_not_there(store: str, tmp_path: Path, files: int) -> None:
    root = sweep(tmp_path / "small").root
    ObjectStoreMirror(store, "small").push(root)
    sweep(root, "completed")
    dies = Dies(store, "small", files)
    with suppress(KeyboardInterrupt):
        dies.push(root)
    home = SweepPaths(tmp_path / "home")
    ObjectStoreMirror(store, "small").pull(home.root)
    ended = 0
    for name in ("c0000-s0", "c0001-s0"):
        trial = home.trial(name)
        if read_json(trial.record)["state"] == "completed":
            ended += 1
            assert len(trial.metrics.read_text().splitlines()) == LINES
            newest = checkpoints.newest(trial.checkpoints)
            assert newest == checkpoints.path(trial.checkpoints, LINES)
    assert ended == max(0, files - FILES + 2)


@pytest.mark.ray
def test_a_copy_is_brought_home_by_a_user(store: str, tmp_path: Path) -> None:
    spec = write_walk(tmp_path)
    assert ilsweep("run", spec, "--storage", tmp_path / "head").returncode == 0
    ObjectStoreMirror(store, "small").push(tmp_path / "head" / "small")
    home = tmp_path / "home" / "small"
    done = ilsweep("fetch", home, "--address", store)
    assert done.returncode == 0, done.stderr
    check_undisturbed(home, 4)
    assert len(list(home.glob("trials/*/checkpoints"))) == 2, "of the best configuration alone"
    assert (home / "report.en.md").read_bytes() == (
        tmp_path / "head" / "small" / "report.en.md"
    ).read_bytes()
    assert ilsweep("fetch", home, "--address", store).returncode == 0


@pytest.mark.ray
def test_what_cannot_be_used_is_said_in_one_line(store: str, server: str, tmp_path: Path) -> None:
    ObjectStoreMirror(store, "small").push(sweep(tmp_path / "there").root)
    other = sweep(tmp_path / "small", started="2025-05-05").root
    before = contents(other)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        answers = server.partition(":")[2].partition("&")[0]
        nobody = server.replace(answers, str(closed.getsockname()[1]))
        for root, address, said in (
            (other, store, "holds another sweep"),
            (tmp_path / "nothing", store, "holds no sweep"),
            (tmp_path / "small", f"s3://nowhere/x?{server}", "holds no sweep"),
            (tmp_path / "small", "s3://me:mine@lab/x", "takes no keys"),
            (tmp_path / "small", f"s3://lab/x?{server}&colour=red", "cannot be used"),
            (tmp_path / "small", f"s3://lab/x?{nobody}", "cannot be used"),
        ):  # fmt: skip
            done = ilsweep("fetch", root, "--address", address)
            assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
            assert said in done.stderr
            assert "mine" not in done.stderr
    done = ilsweep("fetch", "--address", store)
    assert (done.returncode, "DIR: needed" in done.stderr) == (2, True)
    done = ilsweep("submit", write_walk(tmp_path), "--address", "http://127.0.0.1:1",
                   "--remote", "ftp://lab/x")  # fmt: skip
    assert (done.returncode, "valid: a folder" in done.stderr) == (2, True)
    assert contents(other) == before
    assert not (tmp_path / "nothing").exists()


def test_a_file_that_would_lie_outside_is_refused(store: str, tmp_path: Path) -> None:
    there = ObjectStoreMirror(store, "small")
    there.push(sweep(tmp_path / "small").root)
    port = store.partition("127.0.0.1:")[2].partition("&")[0]
    key = f"{tmp_path.name}/small/trials/%2e%2e/%2e%2e/%2e%2e/evil"
    put = urllib.request.Request(f"http://127.0.0.1:{port}/lab/{key}", b"x", method="PUT")
    urllib.request.urlopen(put).close()
    with pytest.raises(FolderError, match="lies outside"):
        there.pull(tmp_path / "home" / "small")
    assert not list(tmp_path.rglob("evil"))


def test_only_a_store_is_taken_for_one() -> None:
    assert is_store("s3://lab/sweeps")
    assert not is_store("http://127.0.0.1:8265")
    assert not is_store("~/ilsweep")


@pytest.mark.slow
def test_a_sweep_outlives_its_head(store: str, tmp_path: Path) -> None:
    """Killed, its disk gone: another head goes on from the copy."""
    work = tmp_path / "job"
    work.mkdir()
    write_walk(tmp_path, 0.25).rename(work / "sweep.yaml")
    heads = [tmp_path / "head0" / "small", tmp_path / "head1" / "small"]

    def head(root: Path) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            "ilsweep.sweeps.cluster.entrypoint",
            "run",
            str(root),
            store,
        ]
        with_tests = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen(command, **{**options({"PYTHONPATH": with_tests}), "cwd": work})

    with head(heads[0]) as first:
        wait_for(lambda: any(rows(heads[0], name) for name in ("c0000-s0", "c0000-s1")))
        with suppress(subprocess.TimeoutExpired):
            first.wait(2 * EVERY_S)
        first.send_signal(signal.SIGKILL)
    copy = tmp_path / "copy"
    ObjectStoreMirror(store, "small").pull(copy)
    before = {path.name: rows(copy, path.name) for path in copy.glob("trials/*")}
    assert any(before.values())
    shutil.rmtree(heads[0])
    with head(heads[1]) as second:
        _, errors = second.communicate(timeout=300)
    assert second.returncode == 0, errors
    check_undisturbed(heads[1], 4)
    assert told(heads[1]) == ["COMPLETE"] * 2
    for name, lines in before.items():
        assert rows(heads[1], name)[: len(lines)] == lines
    ObjectStoreMirror(store, "small").pull(tmp_path / "home")
    assert contents(tmp_path / "home") == {
        name: content for name, content in contents(heads[1]).items() if "/." not in f"/{name}"
    }
