"""What travels to a cluster and home: whole, no more than is needed, and never outside."""

from __future__ import annotations

import base64
import gzip
import io
import os
import shutil
import tarfile
import tempfile
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.cluster import archive as parcel
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.store import checkpoints, sweep_dir
from ilsweep.sweeps.validation.validate import load_spec
from tests.sweeps.specs import regression_plan


def sweep(root: Path, started: str = "2026-01-01") -> SweepPaths:
    paths = SweepPaths(root)
    write_atomic(paths.manifest, to_json({"sessions": [{"started": started}]}))
    write_atomic(paths.report("zh"), "报告")
    for trial in ("c0000-s0", "c0001-s0"):
        write_atomic(paths.trial(trial).metrics, '{"step": 1}\n')
        for step in (10, 20):
            content = checkpoints.pack({"step": step})
            write_atomic(checkpoints.path(paths.trial(trial).checkpoints, step), content)
    write_atomic(root / ".lock", "1 on head")
    return paths


def sent(paths: SweepPaths) -> str:
    return "noise of a job\n" + "\n".join(parcel.pack_sweep(paths, ["c0001-s0"])) + "\nmore\n"


def test_a_sweep_comes_home_with_the_newest_of_the_best_checkpoints(tmp_path: Path) -> None:
    there = sweep(tmp_path / "there")
    home = tmp_path / "home"
    parcel.unpack_sweep(sent(there), home)
    names = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
    assert names == {
        "manifest.json", "report.zh.md",
        "trials/c0000-s0/metrics.jsonl", "trials/c0001-s0/metrics.jsonl",
        "trials/c0001-s0/checkpoints/step_000000020.ckpt",
    }  # fmt: skip
    for name in names:
        assert (home / name).read_bytes() == (there.root / name).read_bytes()
    write_atomic(there.report("zh"), "新报告")
    parcel.unpack_sweep(sent(there), home)
    assert (home / "report.zh.md").read_text() == "新报告"


def test_what_is_taken_away_while_it_is_packed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial that begins anew empties its folder, and a script removes its old files."""
    there, home = sweep(tmp_path / "there"), tmp_path / "home"
    scan = os.scandir

    def emptied(place: Any) -> Any:
        if str(place) == str(there.trial("c0000-s0").checkpoints):
            shutil.rmtree(there.trial("c0000-s0").root)
            there.trial("c0001-s0").metrics.unlink()
        return scan(place)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", emptied)
        parcel.unpack_sweep(sent(there), home)
    trials = {str(path.relative_to(home / "trials")) for path in home.glob("trials/*/*")}
    assert trials == {"c0000-s0/metrics.jsonl", "c0001-s0/checkpoints"}
    assert (home / "manifest.json").exists()


def test_one_that_was_fetched_under_way_is_fetched_again_at_its_end(tmp_path: Path) -> None:
    there, home = sweep(tmp_path / "there"), tmp_path / "home"
    parcel.unpack_sweep(sent(there), home)
    sweep_dir.add_session(there, ended="2026-01-02")
    parcel.unpack_sweep(sent(there), home)
    assert (home / "manifest.json").read_bytes() == there.manifest.read_bytes()


def test_another_sweep_is_not_written_over(tmp_path: Path) -> None:
    there, here = sweep(tmp_path / "there"), sweep(tmp_path / "here", started="2025-05-05")
    with pytest.raises(FolderError, match="holds another sweep"):
        parcel.unpack_sweep(sent(there), here.root)


@pytest.mark.parametrize("cut", [0, 100, -100])
def test_half_a_parcel_is_refused_and_leaves_nothing(tmp_path: Path, cut: int) -> None:
    text = parcel.MARK + sent(sweep(tmp_path / "there")).partition(parcel.MARK)[2].split("\n")[0]
    with pytest.raises(FolderError, match="not whole"):
        parcel.unpack_sweep(text[: len(parcel.MARK) + cut] if cut >= 0 else text[:cut],
                            tmp_path / "home")  # fmt: skip
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "trials/../../outside"])
def test_a_name_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    text = parcel.MARK + base64.b64encode(buffer.getvalue()).decode()
    with pytest.raises(FolderError, match="lies outside"):
        parcel.unpack_sweep(text, tmp_path / "home")
    assert list(tmp_path.iterdir()) == []


def test_a_project_is_packed_with_the_users_trainer_and_a_spec_that_is_valid(
    tmp_path: Path,
) -> None:
    plan = regression_plan()
    parcel.pack_project(plan, tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["benchmarks", "ilsweep", "sweep.yaml"]
    assert load_spec(tmp_path / "sweep.yaml").spec == plan.spec
    assert not list(tmp_path.rglob("__pycache__"))
    assert (tmp_path / "ilsweep/sweeps/cluster/entrypoint.py").is_file()


def test_a_cluster_out_of_reach_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--address", "http://127.0.0.1:9"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("http://127.0.0.1:9: no Ray cluster answers here; valid:")


def parcel_of(*members: tuple[tarfile.TarInfo | str, bytes]) -> str:
    """A parcel of these, as a job prints it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for member, content in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if content:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return text_of(buffer.getvalue())


def text_of(content: bytes) -> str:
    return parcel.MARK + base64.b64encode(content).decode()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


MANIFEST = ("manifest.json", b'{"sessions": [{"started": "2026-01-01"}]}')
ODD: dict[str, list[tuple[tarfile.TarInfo | str, bytes]]] = {
    "a link outside": [MANIFEST, (link("a", "/etc/passwd"), b"")],
    "a hard link": [MANIFEST, (link("a", "manifest.json", tarfile.LNKTYPE), b"")],
    "a hard link to nothing": [MANIFEST, (link("a", "b", tarfile.LNKTYPE), b"")],
    "a loop": [MANIFEST, (link("a", "b"), b""), (link("b", "a"), b"")],
    "a loop of hard links": [(link("a", "b", tarfile.LNKTYPE), b""),
                             (link("b", "a", tarfile.LNKTYPE), b"")],
    "a fifo": [MANIFEST, (link("a", "", tarfile.FIFOTYPE), b"")],
    "a device": [MANIFEST, (link("a", "", tarfile.CHRTYPE), b"")],
    "a folder": [MANIFEST, (link("a", "", tarfile.DIRTYPE), b"")],
    "no name": [MANIFEST, ("", b"x")],
    "a dot": [MANIFEST, (".", b"x")],
    "a dot within": [MANIFEST, ("a/./../b", b"x")],
    "two dots": [MANIFEST, ("..", b"x")],
    "a hidden file": [MANIFEST, (".lock", b"x")],
    "a file beside what is below it": [MANIFEST, ("a", b"x"), ("a/b", b"x")],
    "a file in place of a folder": [MANIFEST, ("a/b", b"x"), ("a", b"x")],
    "a long name": [MANIFEST, ("n" * 300, b"x")],
    "a null": [MANIFEST, ("a\0b", b"x"), ("a" * 200 + "\0b", b"x")],
    "no manifest": [("report.en.md", b"x")],
    "a manifest that is no JSON": [("manifest.json", b"{")],
    "a manifest that is a list": [("manifest.json", b"[1]")],
    "a manifest without sessions": [("manifest.json", b"{}")],
    "sessions that are none": [("manifest.json", b'{"sessions": [1]}')],
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_an_odd_one_is_refused_in_one_line_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(FolderError) as caught:
        parcel.unpack_sweep(parcel_of(*ODD[name]), tmp_path / "deep" / "home")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    home = sweep(tmp_path / "home")
    before = {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()}
    with pytest.raises(FolderError):
        parcel.unpack_sweep(parcel_of(*ODD[name]), home.root)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_of_a_name_that_comes_twice_the_later_counts(tmp_path: Path) -> None:
    parcel.unpack_sweep(parcel_of(MANIFEST, ("a", b"1"), ("a", b"2")), tmp_path / "home")
    assert (tmp_path / "home" / "a").read_bytes() == b"2"


def test_what_is_here_is_not_written_through(tmp_path: Path) -> None:
    home = sweep(tmp_path / "home")
    (home.root / "out").symlink_to(tmp_path)
    (home.root / "file").write_text("x")
    for name in ("out/x", "file/x", "trials"):
        with pytest.raises(FolderError, match=r"outside|it is a folder"):
            parcel.unpack_sweep(parcel_of(MANIFEST, ("report.en.md", b"new"), (name, b"x")),
                                home.root)  # fmt: skip
    assert not home.report("en").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


class TestABombIsBounded:
    def refused(self, tmp_path: Path, text: str, why: str) -> None:
        """In one line, in little memory."""
        tracemalloc.start()
        with pytest.raises(FolderError, match=why):
            parcel.unpack_sweep(text, tmp_path / "home")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 64 << 20
        assert list(tmp_path.iterdir()) == []

    def zeros(self, info: tarfile.TarInfo, size: int) -> str:
        """A header, then so many zeros."""
        info.size = size
        with io.BytesIO() as buffer:
            with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1) as file:
                file.write(info.tobuf(tarfile.GNU_FORMAT))
                for _ in range(min(size, 200 << 20) >> 20):
                    file.write(bytes(1 << 20))
            return text_of(buffer.getvalue())

    def test_a_large_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parcel, "MOST_BYTES", 100 << 20)
        self.refused(tmp_path, self.zeros(tarfile.TarInfo("a"), 200 << 20), "over 0 GiB")
        self.refused(tmp_path, self.zeros(tarfile.TarInfo("a"), 1 << 50), "over 0 GiB")

    @pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
    def test_a_large_header(self, tmp_path: Path, kind: bytes) -> None:
        info = tarfile.TarInfo("a")
        info.type = kind
        self.refused(tmp_path, self.zeros(info, 200 << 20), "impossible size")

    def test_many_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parcel, "MOST_FILES", 100)
        files = [(f"trials/{i}", b"") for i in range(200)]
        self.refused(tmp_path, parcel_of(*files), "over 100 files")

    def test_half_a_gigabyte_of_zeros_takes_little_memory(self, tmp_path: Path) -> None:
        tracemalloc.start()
        with pytest.raises(FolderError, match="no manifest"):
            parcel.unpack_sweep(self.zeros(tarfile.TarInfo("a"), 200 << 20), tmp_path / "home")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 32 << 20


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=30), st.booleans())
def test_a_damaged_one_is_refused_or_whole(at: int, damage: bytes, inside: bool) -> None:
    """Damage of what travels, and of what is in it: one line, no traceback."""
    with tempfile.TemporaryDirectory() as folder_name:
        there = sweep(Path(folder_name) / "there")
        content = base64.b64decode("".join(parcel.pack_sweep(there, [])).replace(parcel.MARK, ""))
        content = gzip.decompress(content) if inside else content
        at %= len(content)
        content = content[:at] + damage + content[at + len(damage) :]
        content = gzip.compress(content) if inside else content
        with suppress(FolderError):
            parcel.unpack_sweep(text_of(content), Path(folder_name) / "home")
