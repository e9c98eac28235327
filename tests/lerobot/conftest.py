"""A LeRobot environment of its own, made once and kept in `.venv-lerobot`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.envs.aloha.config import DataConfig
from ilsweep.trainers.envs.aloha.export import export
from ilsweep.trainers.envs.rendering import NoOpenGL
from tests.lerobot.interpreter import NoPython312, python312

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv-lerobot"
LEROBOT = "lerobot[training,diffusion,smolvla]>=0.6.1,<0.7"
Script = Callable[..., str]


@pytest.fixture(scope="session")
def environment() -> Path:
    """The environment's folder; skips where it cannot be made."""
    ready = ENVIRONMENT / "ready"
    if ready.exists() and ready.read_text() == LEROBOT:
        return ENVIRONMENT
    try:
        interpreter = python312()
    except NoPython312 as error:
        pytest.skip(str(error))
    subprocess.run([interpreter, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
    install = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", LEROBOT]
    subprocess.run(install, check=True)
    ready.write_text(LEROBOT)
    return ENVIRONMENT


@pytest.fixture(scope="session")
def run(environment: Path) -> Script:
    """What a script of this folder prints, run by LeRobot's interpreter."""

    def call(script: str, *args: object) -> str:
        command = [environment / "bin" / "python", ROOT / "tests/lerobot" / script, *args]
        return subprocess.run(
            [*map(str, command)], env={**os.environ, "HF_HUB_OFFLINE": "1"}, check=True,
            stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip

    return call


@pytest.fixture(scope="session")
def demonstrations(tmp_path_factory: pytest.TempPathFactory) -> Demonstrations:
    """Six hand-overs of the simulated robot; skips where they cannot be drawn."""
    try:
        config = DataConfig(episodes=6, image_size=(48, 64))
        return config.load(tmp_path_factory.mktemp("cache"))
    except NoOpenGL as error:
        pytest.skip(f"no OpenGL to render demonstrations with: {error}")


@pytest.fixture(scope="session")
def dataset(demonstrations: Demonstrations, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a LeRobotDataset v3, by our own writer."""
    folder = tmp_path_factory.mktemp("cube") / "data"
    export(demonstrations, folder)
    return folder
