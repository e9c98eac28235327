"""Demonstrations of a LeRobotDataset v3, read without LeRobot.

What takes long, decoding images, is done once and kept by content, as `envs/recorded.py` does:

cache_dir/lerobot-<hash>/        the hash covers the configuration, the files and this recipe
    source/action.npy ...        the arrays of a `Domain`

Shapes: N frames, E episodes, D numbers of a vector, H and W image height and width.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from ilsweep.trainers.data import array_cache
from ilsweep.trainers.data.dataset import Demonstrations, Domain, Float, Image, Int
from ilsweep.trainers.data.features import ENVIRONMENT, IMAGES, ControlMode, ControlModes, Feature
from ilsweep.trainers.data.lerobot.config import LeRobotDataConfig
from ilsweep.trainers.data.lerobot.layout import Camera, Layout, layout
from ilsweep.trainers.data.mistakes import Mistake, UnusableData
from ilsweep.trainers.data.pictures import fitted
from ilsweep.trainers.data.source import Progress, Say

if TYPE_CHECKING:
    import pyarrow

RECIPE = 2
"""How a data set is read; one more whenever the same files give other arrays."""
_ROWS = 256
"""Rows of a table that are decoded at once."""


def load(
    config: LeRobotDataConfig, cache_dir: Path, progress: Progress, say: Say
) -> Demonstrations:
    """The demonstrations of a data set, read now unless they are in the cache.

    Any number of processes may ask for the same at once: one reads, the others wait. `say` is given
    one line where a damaged cache is read anew. `phase` is the share of an episode that has passed.

    Raises:
        UnusableData: it is no data set of version 3, lacks what is asked for, or is damaged.
        OSError: the cache cannot be written.
    """
    found = layout(config)
    folder = cache_dir / f"lerobot-{fingerprint(config)}"

    def make() -> None:
        with tempfile.TemporaryDirectory(dir=cache_dir) as scratch:
            arrays = _read(config, found, Path(scratch), progress)
            about = {"config": config.model_dump(mode="json")}
            array_cache.write(folder, {f"source/{n}": a for n, a in arrays.items()}, about)

    def damaged(problem: str) -> None:
        say(f"demonstrations in {folder} are read again: {problem}")

    kept = array_cache.kept(folder, make, damaged)
    arrays = {name.removeprefix("source/"): array for name, array in kept.items()}
    return Demonstrations(
        config, _controls(config, found), _domain(config, found, arrays), None, None, None
    )


def fingerprint(config: LeRobotDataConfig) -> str:
    """Sixteen hexadecimal digits that change whenever the demonstrations would.

    As far as names, sizes and times of the data set's files tell.
    """
    root = config.root
    files = sorted(path for part in ("meta", "data", "videos") for path in (root / part).rglob("*"))
    facts = [
        [str(path.relative_to(root)), path.stat().st_size, path.stat().st_mtime_ns]
        for path in files
        if path.is_file()
    ]
    asked = config.model_dump(mode="json", exclude={"env"})  # where policies act changes no array
    text = json.dumps([asked, facts, RECIPE], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(
    config: LeRobotDataConfig, found: Layout, scratch: Path, progress: Progress
) -> dict[str, Any]:
    """All arrays of the domain; those of images lie in files of `scratch`."""
    numbers = _numbers(config, found)
    lengths = np.diff(numbers["episode_starts"])
    images = {}
    for number, camera in enumerate(found.cameras):
        assert found.image_size is not None
        shape = (int(lengths.sum()), *found.image_size, 3)
        file = scratch / f"{number}.npy"
        pixels = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
        pictures = _video(found, camera, lengths) if camera.video else _embedded(found, camera)
        done = 0
        for done, picture in enumerate(pictures, 1):
            if done > len(pixels):
                break
            pixels[done - 1] = picture
            if done % _ROWS == 0:
                progress(done, len(pixels), f"reading images of {camera.name}")
        if done < len(pixels):
            raise _damaged(found, f"{camera.key} has {done} images of {len(pixels)}")
        images[IMAGES + camera.name] = pixels
    return {**numbers, **images}


def _numbers(config: LeRobotDataConfig, found: Layout) -> dict[str, Any]:
    """The states, the actions and the first frame of each episode."""
    keys = [config.state, config.action]
    if config.observation == "state":
        keys.append(ENVIRONMENT)
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in (*keys, "episode")}
    for table in _tables(found, [*keys, "episode_index"]):
        episodes = table.column("episode_index").to_numpy()
        rows = episodes < found.episodes
        parts["episode"].append(episodes[rows])
        for key in keys:
            parts[key].append(_matrix(found, table.column(key), key)[rows])
    joined = {name: np.concatenate(part) for name, part in parts.items()}
    episodes = joined.pop("episode")
    for key, values in joined.items():
        _must_be_finite(found, key, values, episodes)
    return {**joined, "episode_starts": _starts(found, episodes)}


def _starts(found: Layout, episodes: Int) -> Int:
    """(E + 1,) first frame of each episode, and N, from the episode (N,) of each frame."""
    if (np.diff(episodes) < 0).any() or len(np.unique(episodes)) != found.episodes:
        there = len(np.unique(episodes))
        rule = f"its tables hold {there} of {found.episodes} episodes, or hold them out of order"
        raise _damaged(found, rule)
    return np.searchsorted(episodes, np.arange(found.episodes + 1)).astype(np.int64)


def _must_be_finite(found: Layout, key: str, values: Float, episodes: Int) -> None:
    wrong = ~np.isfinite(values).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        episode = int(episodes[row])
        frame = row - int(np.searchsorted(episodes, episode))
        raise _damaged(found, f"{key} is not finite in episode {episode}, frame {frame}")


def _tables(found: Layout, columns: list[str]) -> Iterator[pyarrow.Table]:
    """The columns of all frames, some rows at a time, in order."""
    import pyarrow
    from pyarrow import parquet

    files = sorted((found.root / "data").glob("*/*.parquet"))
    if not files:
        raise _damaged(found, "there is no data/*/*.parquet")
    for path in files:
        try:
            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(_ROWS, columns=columns):
                    yield pyarrow.Table.from_batches([batch]).select(columns)
        except (OSError, pyarrow.ArrowException, KeyError) as error:
            lines = str(error).splitlines() or [type(error).__name__]
            raise _damaged(found, f"{path.name} cannot be read ({lines[0]})") from error


def _matrix(found: Layout, column: Any, key: str) -> Float:
    """A column of vectors, or of single numbers, as (n, D)."""
    import pyarrow

    combined = column.combine_chunks()
    if combined.null_count:
        raise _damaged(found, f"{key} has rows without a value")
    nested = pyarrow.types.is_nested(combined.type)
    values = combined.flatten() if nested else combined
    return np.asarray(values, dtype=np.float32).reshape(len(combined), -1)


def _embedded(found: Layout, camera: Camera) -> Iterator[Image]:
    """The images of a camera that lie in the tables."""
    for table in _tables(found, [camera.key]):
        for cell in table.column(camera.key).to_pylist():
            if not isinstance(cell, dict) or not cell.get("bytes"):
                raise _damaged(found, f"{camera.key} has an image that is not in the table")
            try:
                with PIL.Image.open(io.BytesIO(cell["bytes"])) as picture:
                    pixels = _resized(found, picture.convert("RGB"))
            except (OSError, ValueError, PIL.Image.DecompressionBombError) as error:
                raise _damaged(found, f"{camera.key} has a broken image ({error})") from None
            yield pixels


def _video(found: Layout, camera: Camera, lengths: Int) -> Iterator[Image]:
    """The images of a camera that lie in videos, of one episode after the other."""
    left = iter(lengths)
    for path, starts in _video_files(found, camera):
        wanted = [start + i for start in starts for i in range(int(next(left)))]
        at = -1
        with _frames(found, path, camera) as frames:
            for number in wanted:
                # Times of episodes that were joined can be off by a frame; none is taken twice.
                ahead = max(0, number - at - 1)
                picture = next(islice(frames, ahead, None), None)
                if picture is None:
                    rule = f"{path.name} of {camera.key} has fewer than {number + 1} frames"
                    raise _damaged(found, rule)
                at += ahead + 1
                yield _resized(found, PIL.Image.fromarray(picture))


def _video_files(found: Layout, camera: Camera) -> Iterator[tuple[Path, list[int]]]:
    """Each video of a camera, with the frame that each of its episodes begins at."""
    import pyarrow
    from pyarrow import parquet

    where = f"videos/{camera.key}"
    names = [f"{where}/{part}" for part in ("chunk_index", "file_index", "from_timestamp")]
    starts: dict[tuple[int, int], list[int]] = {}
    left = found.episodes
    for path in sorted((found.root / "meta/episodes").glob("*/*.parquet")):
        try:
            rows = parquet.read_table(path, columns=names).to_pylist()[:left]
            places = [(int(row[names[0]]), int(row[names[1]])) for row in rows]
            begins = [round(row[names[2]] * found.fps) for row in rows]
        except (OSError, pyarrow.ArrowException, KeyError, TypeError, ValueError) as error:
            rule = f"{path.name} of meta/episodes does not say where {camera.key} lies"
            raise _damaged(found, rule) from error
        left -= len(rows)
        for place, begin in zip(places, begins, strict=True):
            starts.setdefault(place, []).append(begin)
    for (chunk, file), begins in starts.items():
        yield found.root / where / f"chunk-{chunk:03d}/file-{file:03d}.mp4", begins


@contextmanager
def _frames(found: Layout, path: Path, camera: Camera) -> Iterator[Iterator[Image]]:
    """The frames (H, W, 3) of a video, one after the other; the decoder ends with the context."""
    import imageio_ffmpeg

    name = path.relative_to(found.root)
    if not path.is_file():
        raise _damaged(found, f"{name} is not there")
    sized = f"scale={camera.width}:{camera.height}"
    exactly = ["-fps_mode", "passthrough", "-vf", sized, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    program = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "quiet", "-i", str(path)]
    shape = (camera.height, camera.width, 3)
    size = camera.height * camera.width * 3
    with subprocess.Popen([*program, *exactly], stdout=subprocess.PIPE) as decoder:
        assert decoder.stdout is not None
        read = decoder.stdout.read
        pictures = iter(lambda: read(size), b"")
        try:
            yield (np.frombuffer(p, np.uint8).reshape(shape) for p in pictures if len(p) == size)
        finally:
            decoder.kill()


def _resized(found: Layout, picture: Any) -> Image:
    assert found.image_size is not None
    return fitted(picture, found.image_size)


def _damaged(found: Layout, rule: str) -> UnusableData:
    return UnusableData(Mistake("root", f"{found.root}: {rule}"))


def _controls(config: LeRobotDataConfig, found: Layout) -> ControlModes:
    """A data set's robot is commanded in one way, by the actions that were recorded."""
    (name,) = config.controls
    state, action = (Feature(key, found.names[key]) for key in (config.state, config.action))
    return {name: ControlMode(name, state, action)}


def _domain(config: LeRobotDataConfig, found: Layout, arrays: Mapping[str, Any]) -> Domain:
    starts: Int = arrays["episode_starts"]
    lengths = np.diff(starts)
    phases = [np.linspace(0, 1, length, dtype=np.float32) for length in lengths]
    order = np.random.default_rng(config.seed).permutation(found.episodes)
    held = found.heldout_episodes
    return Domain(
        name="source",
        features={key: values for key, values in arrays.items() if key != "episode_starts"},
        phase=np.concatenate(phases),
        episode_starts=starts,
        seeds=None,
        train_episodes=np.sort(order[held:]),
        heldout_episodes=np.sort(order[:held]),
    )
