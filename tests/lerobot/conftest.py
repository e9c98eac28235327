"""A LeRobot environment of its own, made once and kept in `.venv-lerobot`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from trainers.data import DataConfig, NoOpenGL, load
from trainers.data.dataset import Demonstrations
from trainers.data.lerobot_export import export

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv-lerobot"
LEROBOT = "lerobot[training]>=0.6.1,<0.7"


def python312() -> str | None:
    """An interpreter that LeRobot runs on: `PYTHON312`, or one on the PATH."""
    return os.environ.get("PYTHON312") or shutil.which("python3.12")


@pytest.fixture(scope="session")
def environment() -> Path:
    """The environment's folder; skips where it cannot be made."""
    ready = ENVIRONMENT / "ready"
    if ready.exists():
        return ENVIRONMENT
    interpreter = python312()
    if interpreter is None:
        pytest.skip("LeRobot needs Python 3.12, which is not here (PYTHON312 can name it)")
    subprocess.run([interpreter, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
    install = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", LEROBOT]
    subprocess.run(install, check=True)
    ready.touch()
    return ENVIRONMENT


@pytest.fixture(scope="session")
def demonstrations(tmp_path_factory: pytest.TempPathFactory) -> Demonstrations:
    """Six hand-overs of the simulated robot; skips where they cannot be drawn."""
    try:
        config = DataConfig(episodes=6, image_size=(48, 64))
        return load(config, tmp_path_factory.mktemp("cache"))
    except NoOpenGL as error:
        pytest.skip(f"no OpenGL to render demonstrations with: {error}")


@pytest.fixture(scope="session")
def dataset(demonstrations: Demonstrations, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a LeRobotDataset v3, by our own writer."""
    folder = tmp_path_factory.mktemp("cube") / "data"
    export(demonstrations, folder)
    return folder
