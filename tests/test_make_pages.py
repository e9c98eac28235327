"""`make keep` and `make pages`: records of findings, and the pages made from them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRIAL = ("params.json", "record.json", "metrics.jsonl", "predictions.json", "episodes.parquet")
SHOWN = {
    "manifest.json",
    "spec.yaml",
    *(f"trials/c0-s{s}/{name}" for s in (0, 1) for name in TRIAL),
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A `Makefile` beside an `ilsweep` that writes down what it is called for, and a sweep."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (programs / "ilsweep").write_text('#!/bin/sh\necho "$*"\n')
    (programs / "ilsweep").chmod(0o755)
    for name in SHOWN | {"report.json", "trials/c0-s0/checkpoints/params.json", "optuna.log"}:
        file = tmp_path / "elsewhere/kept" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    for seed in (0, 1):
        films = tmp_path / f"elsewhere/kept/trials/c0-s{seed}/episodes"
        films.mkdir()
        (films / "5.mp4").write_text("a film")
    return tmp_path


def make(checkout: Path, *words: str) -> list[str]:
    line = ["make", "-C", str(checkout), "--no-print-directory", "-o", "setup", *words]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_what_a_page_shows_is_kept_and_nothing_else(checkout: Path) -> None:
    make(checkout, "keep", "RUN=elsewhere/kept")
    make(checkout, "pages")
    found = checkout / "build/findings/kept"
    files = {str(file.relative_to(found)) for file in found.rglob("*") if file.is_file()}
    assert files == SHOWN | {"trials/c0-s0/episodes/5.mp4"}, "films of one training seed"


def test_pages_of_the_runs_and_of_the_kept_findings(checkout: Path) -> None:
    make(checkout, "keep", "RUN=elsewhere/kept")
    assert make(checkout, "pages") == ["report build/findings/kept"]
    (checkout / "runs/mine").mkdir(parents=True)
    (checkout / "runs/mine/manifest.json").write_text("{}")
    assert make(checkout, "pages") == ["report runs/mine", "report build/findings/kept"]
    assert make(checkout, "pages", "RUNS=elsewhere") == ["report elsewhere/kept"]


def test_without_any_sweep_there_is_nothing_to_do(checkout: Path) -> None:
    assert make(checkout, "pages") == []
