"""What travels to a cluster and home: whole, no more than is needed, and never outside."""

from __future__ import annotations

import base64
import io
import tarfile
from pathlib import Path

import pytest

from analysis.records import SweepPaths, to_json, write_atomic
from sweeps import checkpoints, folder, parcel
from sweeps.check import load_spec
from sweeps.cli import main
from sweeps.problems import FolderError
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


def test_one_that_was_fetched_under_way_is_fetched_again_at_its_end(tmp_path: Path) -> None:
    there, home = sweep(tmp_path / "there"), tmp_path / "home"
    parcel.unpack_sweep(sent(there), home)
    folder.add_session(there, ended="2026-01-02")
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
    assert names == ["analysis", "benchmarks", "sweep.yaml", "sweeps", "trainers"]
    assert load_spec(tmp_path / "sweep.yaml").spec == plan.spec
    assert not list(tmp_path.rglob("__pycache__"))
    assert (tmp_path / "sweeps/remote.py").is_file()


def test_a_cluster_out_of_reach_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--address", "http://127.0.0.1:9"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("http://127.0.0.1:9: no Ray cluster answers here; valid:")
