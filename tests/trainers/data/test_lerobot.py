"""A LeRobotDataset v3: what is written is what is read, and trainers learn from it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from ilsweep.trainers.core.registry import load
from ilsweep.trainers.data.action_units import differences
from ilsweep.trainers.data.dataset import Demonstrations, Domain
from ilsweep.trainers.data.features import ACTION, STATE
from ilsweep.trainers.envs.aloha.export import export
from ilsweep.trainers.envs.aloha.layout import JOINT_NAMES
from tests.trainers.data.lerobot_sets import EPISODES, TABLE, change, read, says, written
from tests.trainers.tiny import tiny_demonstrations


@settings(max_examples=8, deadline=None)
@given(
    episodes=st.integers(2, 6),
    seed=st.integers(0, 99),
    cameras=st.sampled_from([(), ("top",), ("angle", "top")]),
    rate=st.sampled_from([50.0, 12.5, 50 / 3]),
)
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    episodes: int,
    seed: int,
    cameras: tuple[str, ...],
    rate: float,
) -> None:
    seen = {"cameras": cameras} if cameras else {"observation": "state"}
    folder = tmp_path_factory.mktemp("round")
    data, root = written(folder, episodes=episodes, seed=seed, rate_hz=rate, **seen)
    again = read(root, observation="images" if cameras else "state", cameras=cameras, seed=seed)
    assert again.source.cameras == data.source.cameras
    for key in again.source.features:
        np.testing.assert_array_equal(again.source[key], data.source[key])
    assert {STATE, ACTION} < again.source.features.keys()
    np.testing.assert_array_equal(again.source.episode_starts, data.source.episode_starts)
    assert json.loads((root / "meta/info.json").read_text())["fps"] == rate


def test_every_episode_is_trained_on_or_held_out(tmp_path: Path) -> None:
    _, root = written(tmp_path, episodes=6)
    domain = read(root, holdout=0.34).source
    assert len(domain.heldout_episodes) == 2
    both = np.concatenate([domain.train_episodes, domain.heldout_episodes])
    assert sorted(both) == [0, 1, 2, 3, 4, 5]


def test_the_first_episodes_alone(tmp_path: Path) -> None:
    data, root = written(tmp_path, episodes=5)
    domain = read(root, episodes=3).source
    count = int(data.source.episode_starts[3])
    np.testing.assert_array_equal(
        domain["observation.state"], data.source["observation.state"][:count]
    )
    np.testing.assert_array_equal(
        domain["observation.images.top"],
        data.source["observation.images.top"][:count],
    )


@pytest.mark.parametrize("group", [None, "motors"])
def test_grippers_are_told_by_the_names_of_a_data_set(tmp_path: Path, group: str | None) -> None:
    _, root = written(tmp_path)

    def grouped(info: dict[str, Any]) -> dict[str, Any]:
        action = info["features"][ACTION]
        action["names"] = {group: action["names"]} if group else action["names"]
        return info

    change(root / "meta/info.json", grouped)
    action = read(root).control(None).action
    assert action.names == JOINT_NAMES
    assert np.flatnonzero(~differences(action, 14)).tolist() == [6, 13]


def test_an_image_is_made_smaller_by_the_mean_of_its_areas(tmp_path: Path) -> None:
    data, root = written(tmp_path, image_size=(48, 64))
    small = read(root, image_size=(24, 32)).source["observation.images.top"]
    whole = data.source["observation.images.top"].reshape(-1, 24, 2, 32, 2, 3)
    assert np.abs(small - whole.mean(axis=(2, 4))).max() <= 0.5 + 1e-9


def test_statistics_are_those_of_all_frames(tmp_path: Path) -> None:
    data, root = written(tmp_path)
    found = json.loads((root / "meta/stats.json").read_text())
    actions = data.source["action"].astype(np.float64)
    for name, value in (
        ("mean", actions.mean(0)),
        ("std", actions.std(0)),
        ("max", actions.max(0)),
    ):
        np.testing.assert_allclose(found["action"][name], value, rtol=1e-9)
    pixels = data.source["observation.images.top"].reshape(-1, 3) / 255
    image = found["observation.images.top"]
    np.testing.assert_allclose(np.ravel(image["mean"]), pixels.mean(0), rtol=1e-9)
    np.testing.assert_allclose(np.ravel(image["std"]), pixels.std(0), rtol=1e-9)


def test_it_is_read_once_until_it_changes(tmp_path: Path) -> None:
    _, root = written(tmp_path)
    read(root)
    (folder,) = (tmp_path / "cache").glob("lerobot-*[!k]")
    before = folder.stat().st_mtime_ns
    read(root)
    assert folder.stat().st_mtime_ns == before
    os.utime(root / TABLE, ns=(0, 0))
    read(root)
    assert len([*(tmp_path / "cache").glob("lerobot-*[!k]")]) == 2


@pytest.fixture
def filmed(tmp_path: Path) -> tuple[Domain, Path]:
    """A data set whose images lie in videos: two episodes in the first, the third in another."""
    data, root = written(tmp_path, episodes=3, image_size=(32, 48))
    domain, key = data.source, "observation.images.top"
    starts = domain.episode_starts
    for file, (first, last) in enumerate(((0, 2), (2, 3))):
        path = root / f"videos/{key}/chunk-000/file-{file:03d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        film(path, domain["observation.images.top"][starts[first] : starts[last]], 12.5)
    seconds = [0.0, float(starts[1] / 12.5), 0.0]
    where = {"chunk_index": [0, 0, 0], "file_index": [0, 0, 1], "from_timestamp": seconds}
    table = parquet.read_table(root / EPISODES)
    for name, column in where.items():
        table = table.append_column(f"videos/{key}/{name}", pa.array(column))
    parquet.write_table(table, root / EPISODES)
    parquet.write_table(parquet.read_table(root / TABLE).drop_columns([key]), root / TABLE)
    change(root / "meta/info.json", lambda info: as_video(info, key))
    return domain, root


def as_video(info: dict[str, Any], key: str) -> dict[str, Any]:
    info["features"][key]["dtype"] = "video"
    return info


def film(path: Path, pictures: np.ndarray, rate: float) -> None:
    """Images (n, H, W, 3) as a video that loses next to nothing."""
    _, height, width, _ = pictures.shape
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{rate}"]
    lossless = ["-c:v", "libx264", "-crf", "0", "-pix_fmt", "yuv444p"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *raw, "-i", "-", *lossless]
    subprocess.run([*command, str(path)], input=pictures.tobytes(), check=True)


def test_videos_are_decoded_frame_by_frame(filmed: tuple[Domain, Path]) -> None:
    domain, root = filmed
    pixels = read(root).source["observation.images.top"]
    assert pixels.shape == domain["observation.images.top"].shape
    assert np.abs(pixels.astype(int) - domain["observation.images.top"]).max() <= 4


def test_a_video_that_ends_early_is_said(filmed: tuple[Domain, Path]) -> None:
    domain, root = filmed
    path = root / "videos/observation.images.top/chunk-000/file-001.mp4"
    film(path, domain["observation.images.top"][:4], 12.5)
    assert "file-001.mp4 of observation.images.top has fewer than 5 frames" in says(root)
    path.unlink()
    assert "file-001.mp4 is not there" in says(root)


def test_a_broken_export_leaves_nothing(tmp_path: Path) -> None:
    data = tiny_demonstrations()
    shorter = replace(
        data.source,
        features={
            **data.source.features,
            "observation.images.top": np.zeros((len(data.source.phase), 24, 32, 7)),
        },
    )
    with pytest.raises((TypeError, ValueError)):
        export(data, tmp_path / "data", shorter)
    assert not list(tmp_path.iterdir())
    (tmp_path / "data").mkdir()
    with pytest.raises(FileExistsError, match="exists already"):
        export(data, tmp_path / "data")


@pytest.fixture(scope="module")
def other_robot(tmp_path_factory: pytest.TempPathFactory) -> Demonstrations:
    """A robot with five joints and one camera."""
    data = tiny_demonstrations()
    own = data.source
    five = replace(
        own,
        features={**own.features, **{key: own[key][:, :5].copy() for key in (STATE, ACTION)}},
    )
    root = tmp_path_factory.mktemp("five") / "data"
    export(data, root, five)
    return read(root, holdout=0.34)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("act", {"chunk_size": 4, "dim": 16, "heads": 2, "feedforward": 16}),
        ("bc", {"hidden_dims": [16], "replays": 0}),
        pytest.param(
            "reflow",
            {"chunk_size": 4, "execute_steps": 2, "dim": 16, "heads": 2},
            marks=pytest.mark.slow,  # its probes integrate with many steps
        ),
    ],
)
def test_trainers_learn_from_it(
    other_robot: Demonstrations, name: str, params: dict[str, Any]
) -> None:

    kind = load(name)
    config = kind.Config(**{"steps": 4, "batch_size": 4, "rollouts": 0, **params})
    trainer: Any = kind(config, other_robot, seed=0)
    for _ in range(config.steps):
        assert np.isfinite(float(trainer.train_step()["train/loss"]))
    found = {**trainer.evaluate(), **trainer.finish(), **trainer.probe()}
    assert found["eval/offline_eval/avg_l1"] > 0
    assert "eval/pc_success" not in found
    assert any(metric.startswith("probe/") for metric in found)
    assert (trainer.preprocessor.action_dim, trainer.preprocessor.cameras) == (5, ("top",))
    with pytest.raises(ValueError, match="no environment"):
        trainer.solve([1])
