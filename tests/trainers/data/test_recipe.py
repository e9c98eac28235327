"""Recorded demonstrations are kept across versions of this program, until their numbers change."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from ilsweep.trainers.data import array_cache
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.data.lerobot import reader
from ilsweep.trainers.data.lerobot.config import LeRobotDataConfig
from ilsweep.trainers.envs.aloha import export
from ilsweep.trainers.envs.aloha.config import DataConfig, Task
from ilsweep.trainers.envs.aloha.source import RECORDER as ALOHA
from ilsweep.trainers.envs.metaworld.config import MetaWorldConfig
from ilsweep.trainers.envs.metaworld.recording import RECORDER as METAWORLD
from tests.trainers.demonstrations import config_of, needs_opengl, recorded
from tests.trainers.tiny import tiny_demonstrations

KNOWN = Path(__file__).with_name("recorded.json")
"""What small recordings were, by recipe. Written by: python -m tests.trainers.data.test_recipe"""


def facts(data: Demonstrations) -> dict[str, Any]:
    """Numbers that move when any of the recorded ones does."""
    found: dict[str, Any] = {}
    for domain in filter(None, (data.source, data.target)):
        arrays: dict[str, NDArray[Any]] = {
            "phase": domain.phase,
            "starts": domain.episode_starts,
            **domain.features,
        }
        if domain.seeds is not None:
            arrays["seeds"] = domain.seeds
        for name, values in arrays.items():
            flat = np.append(values.astype(np.float64).ravel(), 0.0)
            waves = flat * np.cos(np.arange(len(flat)) * 0.7)
            moments = [flat.mean(), np.abs(flat).mean(), waves.mean()]
            found[f"{domain.name} {name}"] = [[*values.shape], [*map(float, moments)]]
    if data.alignment is not None:
        for name, values in vars(data.alignment).items():
            found[f"alignment {name}"] = [[*values.shape], float(values.mean())]
    return found


def alike(new: Any, old: Any, *, within: float) -> bool:
    if isinstance(new, dict):
        return new.keys() == old.keys() and all(
            alike(new[key], old[key], within=within) for key in new
        )
    if isinstance(new, list):
        return len(new) == len(old) and all(
            alike(*pair, within=within) for pair in zip(new, old, strict=True)
        )
    return bool(abs(new - old) <= within * max(1.0, abs(old)))


def images(folder: Path) -> Demonstrations:
    return DataConfig(episodes=2, holdout=0.5, image_size=(16, 16)).load(folder)


def door(folder: Path) -> Demonstrations:
    return MetaWorldConfig(episodes=2, holdout=0.5, image_size=(16, 16)).load(folder)


def read(folder: Path) -> Demonstrations:
    export.export(tiny_demonstrations(), folder / "cube")
    return LeRobotDataConfig(root=folder / "cube").load(folder / "cache")


def made_by() -> dict[str, str]:
    return {package: version(package) for package in {*ALOHA.packages, *METAWORLD.packages}}


def known(name: str) -> Any:
    versions = json.loads(KNOWN.read_text())
    if versions["versions"] != made_by():
        pytest.skip("the recordings that are known were made by other packages")
    return versions[name]


@pytest.mark.parametrize("task", get_args(Task))
def test_the_recipe_has_a_new_number_where_recorded_arrays_change(task: Task) -> None:
    assert alike(facts(recorded(task)), known(f"aloha {ALOHA.recipe} {task}"), within=1e-4)


@needs_opengl
def test_so_it_has_where_images_change(tmp_path: Path) -> None:
    assert alike(facts(images(tmp_path)), known(f"aloha {ALOHA.recipe} images"), within=2e-2)


@needs_opengl
def test_so_it_has_in_meta_world(tmp_path: Path) -> None:
    assert alike(facts(door(tmp_path)), known(f"metaworld {METAWORLD.recipe}"), within=2e-2)


def test_so_it_has_where_a_data_set_reads_differently(tmp_path: Path) -> None:
    assert alike(facts(read(tmp_path)), known(f"lerobot {reader.RECIPE}"), within=1e-6)


def test_the_source_text_does_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read(tmp_path)
    ours, theirs = DataConfig(), LeRobotDataConfig(root=tmp_path / "cube")
    before = ALOHA.fingerprint(ours), reader.fingerprint(theirs)
    of = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda path, *_, **__: "" if path.suffix == ".py" else of(path)
    )
    assert (ALOHA.fingerprint(ours), reader.fingerprint(theirs)) == before
    monkeypatch.setattr(reader, "RECIPE", -1)
    assert replace(ALOHA, recipe=-1).fingerprint(ours) != before[0]
    assert reader.fingerprint(theirs) != before[1]


def test_what_an_earlier_version_kept_beside_is_left_alone(tmp_path: Path) -> None:
    config = config_of(recorded())
    made = config.load(tmp_path)
    (folder,) = tmp_path.glob("aloha-*/")
    kept = {str(f.relative_to(folder).with_suffix("")): np.load(f) for f in folder.rglob("*.npy")}
    array_cache.write(folder, {**kept, "alignment/costs": np.zeros(1)}, {})
    told: list[str] = []
    assert alike(facts(config.load(tmp_path, say=told.append)), facts(made), within=0)
    assert told == []


if __name__ == "__main__":
    import tempfile

    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as two,
        tempfile.TemporaryDirectory() as three,
    ):
        made: dict[str, Any] = {"versions": made_by()}
        for each in get_args(Task):
            made[f"aloha {ALOHA.recipe} {each}"] = facts(recorded(each))
        made[f"aloha {ALOHA.recipe} images"] = facts(images(Path(one)))
        made[f"lerobot {reader.RECIPE}"] = facts(read(Path(two)))
        made[f"metaworld {METAWORLD.recipe}"] = facts(door(Path(three)))
    KNOWN.write_text(json.dumps(made, indent=1))
