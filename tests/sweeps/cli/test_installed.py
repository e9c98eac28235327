"""ilsweep as a wheel, in an environment of its own, beside a user's own packages of our names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from ilsweep.analysis.load.sweep import read_sweep

ROOT = Path(__file__).parents[3]
PARTS = ("analysis", "sweeps", "trainers")

MINE = """
from analysis import RATE
from ilsweep.trainers.core.contract import Trainer, TrainerConfig, param

class Config(TrainerConfig):
    width: int = param(4, gt=0)
    'Width.'

class Mine(Trainer):
    Config = Config
    needs_data = False
    metrics = {"train/loss": "loss", "eval/loss": "held-out loss"}
    step = 0

    def train_step(self):
        self.step += 1
        return {"loss": RATE / self.step / self.config.width}

    def evaluate(self):
        return {"loss": RATE / self.step}

    def state_dict(self):
        return {"step": self.step}

    def load_state_dict(self, state):
        self.step = state["step"]
"""
SPEC = """
name: small
trainer: trainers.mine:Mine
params: {steps: 4, log_every: 2, eval_every: 4, save_every: 4}
space: {width: {choice: [1, 2]}}
search: {algorithm: grid}
objective: {metric: eval/loss, mode: min}
wandb: {mode: disabled}
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy without network: setuptools is the one that torch brings."""
    copy = tmp_path_factory.mktemp("copy")
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, copy / part, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "README.md"):
        shutil.copy(ROOT / name, copy)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps"]
    done = subprocess.run([*pip, "--no-build-isolation", "-w", copy, copy], capture_output=True,
                          text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    (built,) = copy.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed from the wheel; all that it needs is that of this environment."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, symlinks=True)
    paths = {"base": str(home), "platbase": str(home)}
    site = Path(sysconfig.get_path("purelib", "venv", paths))
    # A path of a .pth file whose own .pth files are not read: no editable install is seen.
    (site / "needed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    install = ["--python", f"{home}/bin/python", "install", "--no-deps", "--no-index", f"{wheel}"]
    done = subprocess.run([*pip, *install], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return home / "bin" / "ilsweep"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A user's folder with packages called as ours are."""
    for part in PARTS:
        (tmp_path / part).mkdir()
        (tmp_path / part / "__init__.py").write_text(f"OWNER = 'lab'\nRATE = {len(part)}.0\n")
    (tmp_path / "trainers" / "mine.py").write_text(MINE)
    (tmp_path / "spec.yaml").write_text(SPEC)
    return tmp_path


def call(lab: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "RAY_"))}
    return subprocess.run([*map(str, words)], capture_output=True, text=True, cwd=lab,
                          env={**kept, "PYTHONPATH": str(lab)})  # fmt: skip


def test_all_that_is_in_the_folders_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    files = [path for part in PARTS for path in (ROOT / part).rglob("*")
             if path.suffix in (".py", ".yaml", ".typed")]  # fmt: skip
    assert {f"ilsweep/{path.relative_to(ROOT)}" for path in files} <= names
    assert {f"ilsweep/{part}/py.typed" for part in PARTS} <= names
    assert any(name.startswith("ilsweep/sweeps/specs/") for name in names)
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"ilsweep"}


def test_a_users_packages_and_ours_live_side_by_side(command: Path, lab: Path) -> None:
    code = (
        "import analysis, sweeps, trainers, ilsweep.analysis, ilsweep.sweeps, ilsweep.trainers\n"
        "print(analysis.OWNER, sweeps.OWNER, trainers.OWNER, ilsweep.sweeps.__file__)"
    )
    seen = call(lab, command.parent / "python", "-c", code)
    assert seen.returncode == 0, seen.stderr
    *owners, ours = seen.stdout.split()
    assert owners == ["lab"] * 3
    assert Path(ours).is_relative_to(command.parents[1])


def test_a_trainer_in_a_package_called_trainers_is_found(command: Path, lab: Path) -> None:
    said = call(lab, command, "validate", "spec.yaml")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == (
        "spec.yaml: valid. 2 configurations x 1 seed = 2 trials of trainers.mine:Mine, "
        "8 optimiser steps in all.\nsearch: grid, each of the 2 points once\n"
    )
    ready = call(lab, command, "trainers", "act")
    assert ready.returncode == 0, ready.stderr


@pytest.mark.slow
def test_a_trainer_in_a_package_called_trainers_trains(command: Path, lab: Path) -> None:
    done = call(lab, command, "run", "spec.yaml")
    assert done.returncode == 0, done.stderr
    trials = read_sweep(lab / "runs" / "small").trials
    assert [(t.state, t.last("eval/loss")) for t in trials] == [("completed", 2.0)] * 2
    expected = [8 / 2 * (1 / 3 + 1 / 4) / width for width in (1, 2)]
    assert [t.last("train/loss") for t in trials] == pytest.approx(expected)
    status = call(lab, command, "status", "runs/small")
    assert status.returncode == 0, status.stderr
