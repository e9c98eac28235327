"""Demonstrations of gym-aloha as a LeRobotDataset v3, written without LeRobot.

The format: `lerobot/datasets/dataset_writer.py`, `dataset_metadata.py` and `compute_stats.py` of
LeRobot 0.6.1. Images are embedded as PNG, so that nothing is lost.

Shapes: n frames of an episode, D numbers of a vector, H and W image height and width.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from ilsweep.trainers.data.dataset import Demonstrations, Domain, Image, Int
from ilsweep.trainers.data.features import ACTION, ENVIRONMENT, STATE
from ilsweep.trainers.data.lerobot.layout import INDICES, INFO, VERSION
from ilsweep.trainers.data.source import Progress
from ilsweep.trainers.envs.aloha.config import DataConfig, Task
from ilsweep.trainers.envs.aloha.layout import JOINT_NAMES

TASKS: Mapping[Task, str] = {
    "transfer_cube": "hand the cube over from the right arm to the left",
    "insertion": "insert the peg into the socket",
}
"""What a policy that reads is told to do."""
FILE_MB, FILES_PER_CHUNK = 100, 1000
"""LeRobot's own sizes: a file ends after so many MiB, a folder after so many files."""
STATISTICS_FRAMES = 256
"""Images of an episode, evenly spaced, that its statistics are taken over."""
QUANTILES = (0.01, 0.10, 0.50, 0.90, 0.99)
_EPISODES = "meta/episodes/chunk-000/file-000.parquet"


def export(
    data: Demonstrations,
    folder: Path,
    domain: Domain | None = None,
    progress: Progress = lambda done, total, what: None,
) -> None:
    """Write a domain (the source by default) into a new folder, which appears when complete.

    States and actions are those of joint control; beside them the images, or the object poses as
    `observation.environment_state`.

    Raises:
        FileExistsError: there is such a folder already.
        OSError: it cannot be written.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists already")
    assert isinstance(data.config, DataConfig)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _write(data.config, domain or data.source, partial, progress)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(config: DataConfig, domain: Domain, root: Path, progress: Progress) -> None:
    features = _features(config, domain)
    files = _Files(root, _schema(features))
    total = len(domain.episode_starts) - 1
    episodes, statistics = [], []
    for episode in range(total):
        progress(episode, total, "writing episodes")
        frames = domain.frames_of(np.array([episode]))
        columns = _columns(config, domain, episode, frames)
        found = {key: _statistics(values) for key, values in columns.items()}
        place = files.write({key: _encoded(values) for key, values in columns.items()})
        statistics.append(found)
        episodes.append(_row(config, episode, frames, place, found))
    files.close()
    _write_meta(root, config, features, episodes, statistics)


def _vectors(config: DataConfig, domain: Domain) -> dict[str, NDArray[np.float32]]:
    keys = [STATE, ACTION, *([ENVIRONMENT] if config.observation == "state" else [])]
    return {key: domain.vector(key) for key in keys}


def _features(config: DataConfig, domain: Domain) -> dict[str, dict[str, Any]]:
    """The section `features` of `meta/info.json`."""
    colours = ["height", "width", "channels"]
    found: dict[str, dict[str, Any]] = {
        key: {"dtype": "image", "shape": list(domain[key].shape[1:]), "names": colours}
        for key in domain.cameras
    }
    for key, values in _vectors(config, domain).items():
        names = None if key == ENVIRONMENT or values.shape[1] != len(JOINT_NAMES) else JOINT_NAMES
        found[key] = {"dtype": "float32", "shape": [values.shape[1]], "names": names}
    for key in INDICES:
        dtype = "float32" if key == "timestamp" else "int64"
        found[key] = {"dtype": dtype, "shape": [1], "names": None}
    return found


def _schema(features: Mapping[str, Mapping[str, Any]]) -> pa.Schema:
    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    fields = []
    for key, feature in features.items():
        (*_, size) = feature["shape"]
        number = pa.float32() if feature["dtype"] == "float32" else pa.int64()
        kind = number if size == 1 else pa.list_(number, size)
        fields.append((key, picture if feature["dtype"] == "image" else kind))
    return pa.schema(fields)


def _columns(
    config: DataConfig, domain: Domain, episode: int, frames: Int
) -> dict[str, NDArray[Any]]:
    """Everything that is written of an episode: (n, H, W, 3), (n, D) or (n,) by key."""
    count = np.arange(len(frames))
    return {
        **{key: domain[key][frames] for key in domain.cameras},
        **{key: values[frames] for key, values in _vectors(config, domain).items()},
        "timestamp": (count / config.rate_hz).astype(np.float32),
        "frame_index": count,
        "episode_index": np.full(len(frames), episode),
        "index": frames,
        "task_index": np.zeros(len(frames), dtype=np.int64),
    }


def _encoded(values: NDArray[Any]) -> list[Any]:
    if values.ndim == 4:
        return [{"bytes": _png(picture), "path": None} for picture in values]
    return list(values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values)


def _png(picture: Image) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(picture).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


class _Files:
    """The tables of `data/`, one row group an episode."""

    def __init__(self, root: Path, schema: pa.Schema) -> None:
        self._root, self._schema = root, schema
        self._count = 0
        self._writer: parquet.ParquetWriter | None = None

    def write(self, columns: Mapping[str, list[Any]]) -> tuple[int, int]:
        """Add an episode; the numbers of the folder and the file that it lies in."""
        chunk, file = divmod(self._count, FILES_PER_CHUNK)
        path = self._root / f"data/chunk-{chunk:03d}/file-{file:03d}.parquet"
        if self._writer is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = parquet.ParquetWriter(path, self._schema)
        self._writer.write_table(pa.Table.from_pydict(dict(columns), schema=self._schema))
        if path.stat().st_size > FILE_MB * 2**20:
            self.close()
            self._count += 1
        return chunk, file

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _row(
    config: DataConfig,
    episode: int,
    frames: Int,
    place: tuple[int, int],
    found: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """A row of `meta/episodes`."""
    return {
        "episode_index": episode,
        "tasks": [TASKS[config.task]],
        "length": len(frames),
        "data/chunk_index": place[0],
        "data/file_index": place[1],
        "dataset_from_index": int(frames[0]),
        "dataset_to_index": int(frames[-1]) + 1,
        **{f"stats/{key}/{name}": value.tolist()
           for key, values in found.items() for name, value in values.items()},
        "meta/episodes/chunk_index": 0,
        "meta/episodes/file_index": 0,
    }  # fmt: skip


def _statistics(values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Moments, range and quantiles of the values of a feature.

    Of images (n, H, W, 3) those of each colour in 0..1, (3, 1, 1); else of each number, (D,).
    """
    if values.ndim == 4:
        step = max(1, len(values) // STATISTICS_FRAMES)
        rows = values[::step].reshape(-1, 3) / 255.0
        found = {name: value.reshape(3, 1, 1) for name, value in _moments(rows).items()}
        return {**found, "count": np.array([len(values[::step])])}
    rows = values.reshape(len(values), -1).astype(np.float64)
    return {**_moments(rows), "count": np.array([len(values)])}


def _moments(rows: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    quantiles = np.quantile(rows, QUANTILES, axis=0)
    named = {f"q{round(100 * q):02d}": value for q, value in zip(QUANTILES, quantiles, strict=True)}
    ends = {"min": rows.min(axis=0), "max": rows.max(axis=0)}
    return {**ends, "mean": rows.mean(axis=0), "std": rows.std(axis=0), **named}


def _pooled(parts: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """The statistics of all episodes from those of each.

    Exact but for the quantiles, which are weighted means, as LeRobot's are.
    """
    counts = np.concatenate([part["count"] for part in parts]).astype(np.float64)
    shares = counts / counts.sum()

    def mean(name: str, of: Callable[[Mapping[str, NDArray[Any]]], Any] | None = None) -> Any:
        values = np.stack([of(part) if of else part[name] for part in parts])
        return np.tensordot(shares, values, axes=1)

    centre = mean("mean")
    variance = mean("std", lambda part: part["std"] ** 2 + (part["mean"] - centre) ** 2)
    return {
        "min": np.min([part["min"] for part in parts], axis=0),
        "max": np.max([part["max"] for part in parts], axis=0),
        "mean": centre,
        "std": np.sqrt(variance),
        "count": np.array([int(counts.sum())]),
        **{name: mean(name) for name in parts[0] if name.startswith("q")},
    }


def _write_meta(
    root: Path,
    config: DataConfig,
    features: Mapping[str, Any],
    episodes: list[dict[str, Any]],
    statistics: list[dict[str, dict[str, NDArray[Any]]]],
) -> None:
    """What stands in `meta/`."""
    (root / _EPISODES).parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(episodes), root / _EPISODES)
    parquet.write_table(_tasks(TASKS[config.task]), root / "meta/tasks.parquet")
    pooled = {key: _pooled([found[key] for found in statistics]) for key in statistics[0]}
    plain = {key: {n: v.tolist() for n, v in found.items()} for key, found in pooled.items()}
    _write_json(root / "meta/stats.json", plain)
    rate = config.rate_hz
    info = {
        "codebase_version": VERSION,
        "fps": int(rate) if rate == int(rate) else rate,
        "features": features,
        "total_episodes": len(episodes),
        "total_frames": episodes[-1]["dataset_to_index"],
        "total_tasks": 1,
        "chunks_size": FILES_PER_CHUNK,
        "data_files_size_in_mb": FILE_MB,
        "video_files_size_in_mb": 200,
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": None,
        "robot_type": "aloha",
        "splits": {"train": f"0:{len(episodes)}"},
    }
    _write_json(root / INFO, info)


def _tasks(task: str) -> pa.Table:
    """The tasks as pandas reads them: the text is the row's label."""
    table = pa.table({"task_index": pa.array([0], pa.int64()), "task": [task]})
    about = {
        "index_columns": ["task"],
        "column_indexes": [],
        "columns": [
            {"name": "task_index", "field_name": "task_index", "pandas_type": "int64",
             "numpy_type": "int64", "metadata": None},
            {"name": "task", "field_name": "task", "pandas_type": "unicode",
             "numpy_type": "object", "metadata": None},
        ],
    }  # fmt: skip
    return table.replace_schema_metadata({"pandas": json.dumps(about)})


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
