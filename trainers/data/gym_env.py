"""The section `env` of a spec: which gymnasium environment, and how its names become LeRobot's.

Imports no numpy and no gymnasium, so that a spec is checked in no time.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from importlib.metadata import entry_points
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from ilsweep.trainers.core.contract import Params, param
from ilsweep.trainers.data.features import ENVIRONMENT, IMAGES, STATE
from ilsweep.trainers.data.gym_ids import ids_of, no_environment
from ilsweep.trainers.data.mistakes import Mistake

PACKAGES: Mapping[str, str] = {
    "gymnasium": "gymnasium",
    "gym_pusht": "gym-pusht",
    "gymnasium_robotics": "gymnasium-robotics",
    "gym_aloha": "gym-aloha",
    "gym_xarm": "gym-xarm",
    "ale_py": "ale-py",
}
"""Modules that bring environments, and what pip calls them."""
FROM_ROBOTICS = ("Fetch", "Hand", "Adroit", "PointMaze", "AntMaze", "FrankaKitchen")
"""How the names begin that `gymnasium_robotics` brings; they do not say so themselves."""
NAMESPACES = {"phys2d": "gymnasium", "tabular": "gymnasium", "ALE": "ale_py"}
"""What stands before the slash of an id, where it is not the module that brings it."""
TERMINATED = "terminated"
RENDER = "render"


def _as_key(value: Any) -> Any:
    """A string alone is a key."""
    return {"key": value} if isinstance(value, str) else value


def _as_list(value: Any) -> Any:
    """One alone is a list of one."""
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


Slice = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(gt=0)]]
Numbers = Annotated[tuple[float, ...], BeforeValidator(_as_list), Field(min_length=1)]


class Source(Params):
    """Numbers or an image of the environment. A string alone is its `key`."""

    key: str = ""
    """Where it stands in the observation: `agent_pos`, `robot_state/eef/pos`, `pixels/top`; empty:
    the whole of it; `render`: what the environment's `render` draws."""
    slice: Slice | None = None
    """Which of the numbers, first and after the last; null: all."""
    axis_angle: bool = False
    """The numbers are a quaternion xyzw, and become axis times angle in rad, as LIBERO's data have
    it."""
    camera: str | None = None
    """A camera of a MuJoCo scene, by its name there, in place of a key; drawn only when a policy
    asks for it."""
    upside_down: bool = False
    """Turn the image by half a turn."""

    @property
    def is_drawn(self) -> bool:
        """Whether it is an image that does not stand in the observation."""
        return self.camera is not None or self.key == RENDER


Sources = Annotated[
    tuple[Annotated[Source, BeforeValidator(_as_key)], ...],
    BeforeValidator(_as_list),
    Field(min_length=1),
]


class Success(Params):
    """What counts as done at a step. A string alone is its `key`."""

    key: str = ""
    """Of the `info`, `a/b` within nested ones; or `terminated`."""
    reward: float | None = None
    """In place of a key: a reward of at least so much."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.reward is None) == (not self.key):
            raise ValueError("must be a key of the info, terminated, or {reward: AT LEAST}")
        return self


class ActionMap(Params):
    """How an action of the data becomes the environment's.

    Some of its numbers, times `scale`, plus `offset`, cut to the range of its action space.
    """

    slice: Slice | None = None
    """Which numbers of the data's action, first and after the last; null: all."""
    scale: Numbers = (1.0,)
    """One for all, or one for each number."""
    offset: Numbers = (0.0,)
    """One for all, or one for each number; in the environment's units."""
    clip: bool = True
    """Cut to the range of the action space."""


class GymEnv(Params):
    """A gymnasium environment, and how its names become LeRobot's feature names."""

    id: str = param(..., min_length=1)
    """Its id in gymnasium (`gym_pusht/PushT-v0`; `module:ID` where a module brings it), or
    `module:callable` that returns a `gymnasium.Env`."""
    kwargs: dict[str, Any] = param({})
    """What it is made with."""
    observation: dict[str, Sources] = param({})
    """LeRobot feature to what it is there: `KEY`, `KEY/KEY`, `render`, {key, slice, axis_angle},
    {camera: NAME}, or a list whose numbers are joined. Left out: `agent_pos` or `observation` is
    the state, `environment_state` the state of the world, `pixels` and `pixels/NAME` images."""
    action: ActionMap = ActionMap()
    """How an action of the data becomes the environment's."""
    success: Annotated[Success | None, BeforeValidator(_as_key)] = None
    """A key of its `info`, `terminated`, or {reward: AT LEAST}; null: `is_success` or `success`."""
    max_steps: int | None = param(None, gt=0, le=100_000, unit="actions")
    """Actions after which an episode is given up; null: as many as it is registered with."""

    def missing(self) -> list[Mistake]:
        """The module that brings it, where it is not installed, or that has no such environment.

        It is not imported: where its source does not say what it registers, it is believed.
        """
        module = module_of(self.id)
        if is_there(module):
            known = frozenset() if ":" in self.id or _plugged(self.id) else ids_of(module)
            unknown = bool(known) and self.id not in known
            return [no_environment(self.id, (), installed())] if unknown else []
        valid = "one that can be imported"
        if module in PACKAGES:
            valid = f"pip install {PACKAGES[module]}"
        elif ":" not in self.id:
            valid += f", or MODULE:{self.id} where another module brings it"
        return [Mistake("env.id", f"needs the module {module}", self.id, valid)]

    @field_validator("kwargs")
    @classmethod
    def _no_window(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        if kwargs.get("render_mode") == "human":
            raise ValueError("render_mode human opens a window; valid: rgb_array, or leave it out")
        return kwargs

    @field_validator("observation")
    @classmethod
    def _features_known(cls, observed: dict[str, Sources]) -> dict[str, Sources]:
        for name, sources in observed.items():
            if name.startswith(IMAGES):
                _must_be_image(name, sources)
            elif name not in (STATE, ENVIRONMENT):
                raise ValueError(f"{name}: no feature; valid: {STATE}, {ENVIRONMENT}, {IMAGES}NAME")
            elif any(source.is_drawn or source.upside_down for source in sources):
                raise ValueError(f"{name}: numbers, not an image; valid: a key of the observation")
        return observed


def _must_be_image(name: str, sources: Sequence[Source]) -> None:
    if name == IMAGES or "/" in name:
        raise ValueError(f"{name}: no name for a camera; valid: {IMAGES}NAME, without a slash")
    if len(sources) > 1 or sources[0].slice or sources[0].axis_angle:
        raise ValueError(f"{name}: an image is one key, render, or {{camera: NAME}}")
    if sources[0].camera is not None and sources[0].key:
        raise ValueError(f"{name}: an image has a key or a camera, not both")


def module_of(name: str) -> str:
    """The top module that brings an environment; `gymnasium` where its name tells of no other."""
    if ":" in name:
        return name.split(":")[0].split(".")[0]
    space, slash, _ = name.partition("/")
    if slash:
        return NAMESPACES.get(space) or ("gymnasium" if _plugged(name) else space)
    return "gymnasium_robotics" if name.startswith(FROM_ROBOTICS) else "gymnasium"


def _plugged(name: str) -> bool:
    """Whether an installed package adds to an id's namespace whenever gymnasium is imported."""
    space, slash, _ = name.partition("/")
    plugged = {entry.name for entry in entry_points(group="gymnasium.envs")}
    return (space if slash else "__root__") in plugged


def installed() -> str:
    """The packages that bring environments here."""
    return ", ".join(module for module in PACKAGES if is_there(module))


def is_there(module: str) -> bool:
    """Whether a top module is installed, or lies in the working folder; it is not imported."""
    with suppress(ImportError, ValueError):  # as of a name that no module can have
        if importlib.util.find_spec(module) is not None:  # editable installs have finders of theirs
            return True
    return PathFinder.find_spec(module, [os.getcwd()]) is not None
