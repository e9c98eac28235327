"""What Ray writes while a sweep runs is private, bounded, and gone afterwards."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest

from ilsweep.sweeps.errors import FolderError, RayFailedError
from ilsweep.sweeps.processes import ray_environment
from ilsweep.sweeps.ray_runtime import folder as ray_folder
from tests.sweeps.as_typed import ROOT, ilsweep, write_spec
from tests.sweeps.execution.test_nothing_lost import write_walk
from tests.sweeps.killing import Driver, driving


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder whose name leaves room for a socket's; Ray's own folder lies in it."""
    with tempfile.TemporaryDirectory(prefix="il-", dir="/tmp") as folder:
        monkeypatch.setenv("RAY_TMPDIR", folder)
        yield Path(folder)


def of_ray(place: Path) -> list[Path]:
    return sorted(place.glob(f"{ray_folder.PREFIX}*"))


class TestPrivate:
    def test_it_is_its_owners_alone_with_its_token_and_goes(self, short: Path) -> None:
        with ray_folder.private() as folder:
            token = ray_folder.token(folder)
            assert folder.parent == short
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert stat.S_IMODE(token.stat().st_mode) == 0o600
            assert re.fullmatch("[0-9a-f]{64}", token.read_text())
        assert of_ray(short) == []

    @pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
    def test_whatever_ends_it_it_goes(self, short: Path, error: type[BaseException]) -> None:
        with pytest.raises(error), ray_folder.private():
            raise error
        assert of_ray(short) == []

    def test_where_ray_broke_off_its_logs_are_kept_a_week_without_the_token(
        self, short: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(RayFailedError), ray_folder.private() as folder:  # noqa: PT012
            ray_folder.token(folder)
            raise RayFailedError("Ray broke off")
        assert str(folder) in capsys.readouterr().err
        assert not (folder / ray_folder.TOKEN).exists()
        with ray_folder.private():
            assert folder.exists()
        old = time.time() - ray_folder.KEPT_S - 60
        os.utime(folder / ray_folder.KEPT, (old, old))
        with ray_folder.private():
            assert not folder.exists()

    def test_what_was_not_removed_to_its_end_goes_at_the_next_start(self, short: Path) -> None:
        new, old = short / f"{ray_folder.PREFIX}new", short / f"{ray_folder.PREFIX}old"
        for folder in (new, old):
            folder.mkdir()
        long_ago = time.time() - ray_folder.MAKING_S - 1
        os.utime(old, (long_ago, long_ago))
        with ray_folder.private():
            assert new.exists()
            assert not old.exists()

    def test_a_killed_sweeps_goes_at_the_next_start_and_a_running_ones_stays(
        self, short: Path
    ) -> None:
        dead, alive = short / f"{ray_folder.PREFIX}dead", short / f"{ray_folder.PREFIX}alive"
        for folder in (dead, alive):
            folder.mkdir()
            (folder / ray_folder.OWNER).touch()
        with (alive / ray_folder.OWNER).open() as owner:
            fcntl.flock(owner, fcntl.LOCK_EX)
            with ray_folder.private():
                assert not dead.exists()
                assert alive.exists()

    def test_one_that_is_being_made_stays(
        self, short: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However far: another sweep starts before the lock of this one is held."""
        lock, others = fcntl.flock, list[Path]()

        def late(file: Any, how: int) -> None:
            if how == fcntl.LOCK_EX and not others:
                others.extend(ray_folder._left())
            lock(file, how)

        monkeypatch.setattr(fcntl, "flock", late)
        with ray_folder.private() as folder:
            assert folder not in others
        assert of_ray(short) == []

    @pytest.mark.parametrize("bad", ["x" * 120, "gone"])
    def test_a_temporary_folder_that_cannot_be_used_is_passed_over(
        self, short: Path, monkeypatch: pytest.MonkeyPatch, bad: str
    ) -> None:
        long = short / bad
        if bad != "gone":
            long.mkdir()
        monkeypatch.setenv("RAY_TMPDIR", str(long))
        monkeypatch.setenv("TMPDIR", str(short))
        with ray_folder.private() as folder:
            assert folder.parent == short

    def test_none_at_all_is_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ray_folder, "places", lambda: [Path("/proc")])
        with pytest.raises(FolderError, match=r"/proc: .*valid: TMPDIR=") as caught:
            ray_folder.private().__enter__()
        assert "\n" not in str(caught.value)


def test_the_users_own_token_is_made_theirs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ray_environment.user_token() is None
    token = tmp_path / ".ray" / "auth_token"
    token.parent.mkdir(mode=0o755)
    token.write_text("0" * 64)
    token.chmod(0o644)
    assert ray_environment.user_token() == token
    assert [stat.S_IMODE(path.stat().st_mode) for path in (token, token.parent)] == [0o600, 0o700]


def listeners(driver: Driver) -> list[tuple[str, str]]:
    """Address and process of each TCP port that somebody of the sweep listens on."""
    ours = {str(process.pid) for process in driver.alive()}
    told = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True, check=True).stdout
    found = []
    for line in told.splitlines():
        fields = line.split()
        if ours & set(re.findall(r"pid=(\d+)", line)):
            found.append((fields[3].rpartition(":")[0], fields[-1]))
    return found


EARLY = """
import ray
from tests.cluster.project.wanderer import Wanderer

class Early(Wanderer):
    'A walk.'
"""


def answer(address: str, token: str | None) -> str:
    """How a Ray's head answers somebody who asks what only its owner may know."""
    shown = [("authorization", f"Bearer {token}")] if token else []
    with grpc.insecure_channel(address) as channel:
        ask = channel.unary_unary("/ray.rpc.NodeInfoGcsService/GetAllNodeInfo")
        try:
            ask(b"", timeout=30, metadata=shown)
        except grpc.RpcError as error:
            return str(error.code().name)
    return "OK"


@pytest.mark.ray
def test_a_local_ray_is_nobody_elses(tmp_path: Path, short: Path) -> None:
    """Whatever was inherited, and where the trainer has imported Ray before us: all its ports are
    this machine's, and want the sweep's token."""
    home = tmp_path / "home"
    home.mkdir()
    root = tmp_path / "small"
    (tmp_path / "early.py").write_text(EARLY)
    env = {
        "RAY_AUTH_MODE": "disabled",
        "HOME": str(home),
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
    }
    spec = write_walk(tmp_path, 0.1, trainer="early:Early")
    with driving("run", spec, "--storage", tmp_path, **env) as driver:
        driver.until(lambda: list(root.glob("trials/*/metrics.jsonl")))
        driver.look()
        found = listeners(driver)
        (folder,) = of_ray(short)
        mode = stat.S_IMODE(folder.stat().st_mode)
        token = (folder / ray_folder.TOKEN).read_text()
        (gcs,) = {
            field.partition("=")[2]
            for line in driver.command_lines()
            for field in line.decode().split()
            if field.startswith("--gcs-address=")
        }
        answers = [answer(gcs, shown) for shown in (None, "0" * 64, token)]
        status, errors = driver.ended()
    assert status == 0, errors
    assert mode == 0o700
    assert len(found) >= 5
    assert {place for place, _ in found} <= {"127.0.0.1", "[::ffff:127.0.0.1]"}, found
    assert answers == ["UNAUTHENTICATED", "UNAUTHENTICATED", "OK"]
    assert of_ray(short) == []
    assert not (home / ".ray").exists()


def size(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # gone meanwhile
                total += Path(root, name).lstat().st_size
    return total


@pytest.mark.slow
def test_what_trainers_print_does_not_fill_the_disk(tmp_path: Path, short: Path) -> None:
    params = {"steps": 100, "log_every": 10, "eval_every": 100, "save_every": 100, "width": 16}
    spec = write_spec(
        tmp_path, trainer="tests.sweeps.faulty:Chatty", params=params, search={"num_trials": 1}
    )
    most = 0
    with driving("run", spec, "--storage", tmp_path) as driver:
        while driver.running:
            most = max(most, size(short))
            time.sleep(0.1)
        status, errors = driver.ended()
    assert status == 0, errors
    assert 10e6 < most < 40e6


@pytest.mark.ray
def test_a_long_temporary_folder_does_not_stop_a_sweep(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    spec = write_spec(tmp_path, search={"num_trials": 1})
    done = ilsweep("run", spec, "--storage", tmp_path, TMPDIR=str(long))
    assert done.returncode == 0, done.stderr
