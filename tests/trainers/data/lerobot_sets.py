"""Small LeRobotDatasets v3, written and read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.data.lerobot.config import LeRobotDataConfig
from ilsweep.trainers.data.mistakes import UnusableData
from ilsweep.trainers.envs.aloha.export import export
from tests.trainers.tiny import tiny_demonstrations

TABLE = "data/chunk-000/file-000.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"


def written(folder: Path, **config: Any) -> tuple[Demonstrations, Path]:
    """Tiny demonstrations, and the data set made of them."""
    data = tiny_demonstrations(**config)
    export(data, folder / "data")
    return data, folder / "data"


def read(root: Path, **config: Any) -> Demonstrations:
    return LeRobotDataConfig(root=root, **config).load(root.parent / "cache")


def says(root: Path, **config: Any) -> str:
    with pytest.raises(UnusableData) as error:
        read(root, **config)
    return str(error.value)


def change(path: Path, to: Callable[[Any], Any]) -> None:
    """Change a JSON file."""
    path.write_text(json.dumps(to(json.loads(path.read_text()))))
