"""What a LeRobotDataset v3 has of what is asked of it. Imports no numpy.

A data set is a folder: `meta/info.json` with its features, `meta/episodes/` with where each episode
lies, `data/` with numbers and embedded images, `videos/KEY/` (LeRobot 0.4 to 0.6,
`lerobot/datasets/utils.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from ilsweep.trainers.core.contract import Params, needing
from ilsweep.trainers.data.features import ENVIRONMENT, IMAGES
from ilsweep.trainers.data.lerobot.config import LeRobotDataConfig
from ilsweep.trainers.data.mistakes import Mistake, UnusableData
from ilsweep.trainers.data.source import DataSource

INFO = "meta/info.json"
VERSION = "v3.0"
INDICES = ("timestamp", "frame_index", "episode_index", "index", "task_index")
"""Numbers that every data set has, of a frame and not of a robot."""
CONVERT = (
    "python -m lerobot.scripts.convert_dataset_v21_to_v30 --repo-id=USER/NAME --root={root} "
    "--push-to-hub=false, by LeRobot's interpreter"
)


@dataclass(frozen=True)
class Camera:
    """One camera of a data set."""

    key: str
    height: int
    width: int
    video: bool

    @property
    def name(self) -> str:
        return self.key.removeprefix(IMAGES)


@dataclass(frozen=True)
class Layout:
    """What is read of a data set."""

    root: Path
    fps: float
    """Frames a second."""
    episodes: int
    """Those that are asked for: the first so many."""
    cameras: tuple[Camera, ...]
    image_size: tuple[int, int] | None
    """Height and width of every image; None without images."""
    heldout_episodes: int
    widths: Mapping[str, int]
    """Numbers of the state, the action and, where it is observed, the state of the world."""
    names: Mapping[str, tuple[str, ...]]
    """What those numbers are called; none where the data set does not say."""


def layout(config: LeRobotDataConfig) -> Layout:
    """What a data set has of what is asked for.

    Raises:
        UnusableData: every mistake that its `meta/info.json` shows.
    """
    info = _info(config.root)
    features = info.features
    found = [*_vectors(config, features), *_cameras_missing(config, features)]
    if found:
        raise UnusableData(*found)
    cameras = tuple(_camera(key, features[key]) for key in _camera_keys(config, features))
    widths = {name: features[name].shape[0] for name in _vector_keys(config).values()}
    found = [*_sizes(config, cameras), *_counts(config, info), *_unmatched(config, cameras, widths)]
    if found:
        raise UnusableData(*found)
    episodes = config.episodes or info.total_episodes
    size = config.image_size or (cameras[0].height, cameras[0].width) if cameras else None
    held = max(1, round(config.holdout * episodes))
    names = {name: features[name].numbers for name in widths}
    return Layout(config.root, info.fps, episodes, cameras, size, held, widths, names)


class Feature(BaseModel):
    """One entry of a data set's features."""

    dtype: str
    shape: list[int]
    names: Any = None

    @property
    def is_vector(self) -> bool:
        return self.dtype.startswith(("float", "int", "uint")) and len(self.shape) == 1

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of a vector's numbers: a list of them, or lists by what they belong to."""
        groups = list(self.names.values()) if isinstance(self.names, dict) else [self.names]
        listed = [str(name) for group in groups if isinstance(group, list) for name in group]
        return tuple(listed) if len(listed) == self.shape[0] else ()

    @property
    def is_seen(self) -> bool:
        return self.dtype in ("image", "video")


Features = Mapping[str, Feature]


class Info(BaseModel):
    """What is read of `meta/info.json`."""

    codebase_version: str
    fps: float = Field(gt=0, allow_inf_nan=False)
    total_episodes: int = Field(ge=0, le=10**9)
    features: dict[str, Feature]


class _Version(BaseModel):
    codebase_version: str


def _info(root: Path) -> Info:
    """The description of a data set of version 3."""
    path = root / INFO
    try:
        if not path.is_file():
            raise UnusableData(Mistake("root", f"no data set: {INFO} is not there", str(root)))
        text = path.read_bytes()
        version = _Version.model_validate_json(text).codebase_version
        if version.startswith(("v1", "v2")):
            rule = f"a LeRobotDataset {version}, which is older than 3.0"
            raise UnusableData(Mistake("root", rule, str(root), CONVERT.format(root=root)))
        if version.split(".")[0] != VERSION.split(".")[0]:
            rule = f"a LeRobotDataset {version}, which is not known here"
            raise UnusableData(Mistake("root", rule, str(root), VERSION))
        return Info.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        rule = f"{path} is damaged: {where}: {first['msg']}"
        raise UnusableData(Mistake("root", rule)) from None
    except OSError as error:
        rule = f"{INFO} cannot be read ({error.strerror})"
        raise UnusableData(Mistake("root", rule, str(root))) from None


def _vectors(config: LeRobotDataConfig, features: Features) -> Iterator[Mistake]:
    """Numbers that are not there, or are no vectors."""
    vectors = [key for key, f in features.items() if f.is_vector and key not in INDICES]
    for key, name in _vector_keys(config).items():
        if name not in features:
            rule = "not in the data set" if key != "observation" else f"{name} is not there"
            valid = "images" if key == "observation" else ", ".join(vectors)
            yield Mistake(key, rule, name if key != "observation" else "state", valid)
        elif not features[name].is_vector:
            shape = features[name].shape
            yield Mistake(key, f"{name} is no vector of numbers (shape {shape})", None, "shape [D]")


def _vector_keys(config: LeRobotDataConfig) -> dict[str, str]:
    """Keys of the vectors that are asked for, by what asks for them."""
    asked = {"state": config.state, "action": config.action}
    return asked | ({"observation": ENVIRONMENT} if config.observation == "state" else {})


def _camera_keys(config: LeRobotDataConfig, features: Features) -> list[str]:
    """Keys of the cameras that are asked for, as far as they are there."""
    there = [key for key, f in features.items() if f.is_seen]
    if config.observation == "state":
        return []
    if not config.cameras:
        return there
    wanted = [name if name in there else IMAGES + name for name in config.cameras]
    return [key for key in wanted if key in there]


def _cameras_missing(config: LeRobotDataConfig, features: Features) -> Iterator[Mistake]:
    there = _camera_keys(config.model_copy(update={"cameras": ()}), features)
    names = ", ".join(key.removeprefix(IMAGES) for key in there)
    for name in config.cameras if config.observation == "images" else ():
        if name not in there and IMAGES + name not in there:
            yield Mistake("cameras", "not in the data set", name, names or "none is there")
    if config.observation == "images" and not there:
        valid = "state" if ENVIRONMENT in features else "a data set with images"
        yield Mistake("observation", "the data set has no images", "images", valid)


def _camera(key: str, feature: Feature) -> Camera:
    shape, names = feature.shape, feature.names
    if isinstance(names, list) and names and str(names[0]).startswith("channel"):
        shape = [*shape[1:], shape[0]]
    if len(shape) != 3 or shape[2] != 3 or min(shape) < 1:
        rule = f"{key} has no three colours (shape {feature.shape})"
        raise UnusableData(Mistake("cameras", rule, None, "the others"))
    if "/" in key or "\0" in key:
        rule = "no name for a camera, whose images are kept under it"
        raise UnusableData(Mistake("cameras", rule, key, "without a slash"))
    return Camera(key, shape[0], shape[1], feature.dtype == "video")


def _sizes(config: LeRobotDataConfig, cameras: tuple[Camera, ...]) -> Iterator[Mistake]:
    if config.image_size is None:
        if len({(camera.height, camera.width) for camera in cameras}) > 1:
            shown = ", ".join(f"{c.name} {c.height} x {c.width}" for c in cameras)
            valid = "one size for all"
            yield Mistake("image_size", f"the cameras differ ({shown})", None, valid)
        return
    height, width = config.image_size
    for camera in cameras:
        if height > camera.height or width > camera.width:
            rule = f"images are made smaller, never larger; {camera.name} has"
            valid = f"at most {camera.height} x {camera.width}"
            yield Mistake("image_size", rule + f" {camera.height} x {camera.width}", None, valid)


def _counts(config: LeRobotDataConfig, info: Info) -> Iterator[Mistake]:
    total = info.total_episodes
    if total < 2:
        yield Mistake("root", "one episode to learn from and one held out are needed", total, "2")
    elif (config.episodes or 0) > total:
        yield Mistake("episodes", "more than the data set has", config.episodes, f"at most {total}")
    elif round(config.holdout * (config.episodes or total)) >= (config.episodes or total):
        yield Mistake("holdout", "leaves no episode for training", config.holdout, "0.1")


def _unmatched(
    config: LeRobotDataConfig, cameras: tuple[Camera, ...], widths: Mapping[str, int]
) -> Iterator[Mistake]:
    """What the section `env` says of features that the data set does not have."""
    if config.env is None:
        return
    names = [camera.name for camera in cameras]
    for feature in config.env.observation:
        name = feature.removeprefix(IMAGES)
        if feature.startswith(IMAGES) and name not in names and config.observation == "images":
            valid = ", ".join(names)
            yield Mistake(f"env.observation.{feature}", "no camera of the data set", name, valid)
    numbers = config.env.action.slice
    if numbers and not numbers[0] < numbers[1] <= widths[config.action]:
        rule = f"the data set's actions have {widths[config.action]} numbers"
        valid = f"within 0..{widths[config.action]}"
        yield Mistake("env.action.slice", rule, list(numbers), valid)


def unfit(config: Params, data: DataSource) -> list[Mistake]:
    """What a trainer's configuration asks of a simulator, and its demonstrations do not have."""
    found: dict[str, Mistake] = {}
    if not data.can_replay:
        rule = "a data set does not say with which seeds its episodes began"
        asked = needing(config, "seeds")
        found |= {name: Mistake(name, rule, value, "0") for name, value in asked.items()}
    if not data.has_environment:
        asked = needing(config, "environment") | needing(config, "seeds")
        rule = "a data set has no simulator"
        found |= {name: Mistake(name, rule, value, "0") for name, value in asked.items()}
    return list(found.values())
