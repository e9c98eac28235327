"""What a policy sees, from what a gymnasium environment says.

Shapes: D numbers of a feature, H and W height and width of an image.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.data.dataset import Float, Image
from ilsweep.trainers.data.features import ENVIRONMENT, IMAGES, STATE
from ilsweep.trainers.data.gym_env import Source
from ilsweep.trainers.envs.gym.making import wrong

Raw = Any
"""An observation as gymnasium has it: an array, or a dictionary of them, nested or not."""
FeatureMap = Mapping[str, tuple[Source, ...]]
_STATES = ("agent_pos", "observation", "")
_PIXELS = "pixels"


def leaves(raw: Raw, prefix: str = "") -> dict[str, NDArray[Any]]:
    """The arrays of an observation by their keys, `a/b` within nested ones; "" where it is one.

    Raises:
        UnusableData: there is what is no array.
    """
    if not isinstance(raw, Mapping):
        try:
            return {prefix: np.asarray(raw)}
        except ValueError:  # rows of unequal length
            name = f"observation {prefix!r}" if prefix else "observation"
            raise wrong("id", f"its {name} is no array", str(raw)[:80], "an array") from None
    found: dict[str, NDArray[Any]] = {}
    for key, value in raw.items():
        found |= leaves(value, f"{prefix}/{key}" if prefix else str(key))
    return found


def usual_map(raw: Raw) -> dict[str, tuple[Source, ...]]:
    """What the usual names are.

    `agent_pos` or `observation` the state, `environment_state` the state of the world, `pixels` and
    `pixels/NAME` images.
    """
    there = leaves(raw)
    found: dict[str, tuple[Source, ...]] = {}
    for key in _STATES:
        if key in there and there[key].ndim == 1:
            found.setdefault(STATE, (Source(key=key),))
    if "environment_state" in there:
        found[ENVIRONMENT] = (Source(key="environment_state"),)
    for key in there:
        if key == _PIXELS or key.startswith(_PIXELS + "/"):
            name = key.removeprefix(_PIXELS + "/").replace("/", ".")
            found[IMAGES + name] = (Source(key=key),)
    return found


def numbers(raw: Raw, feature: str, sources: tuple[Source, ...]) -> Float:
    """A vector of the observation, (D,).

    Raises:
        UnusableData: a key is not there, or holds no such numbers.
    """
    there = leaves(raw)
    return np.concatenate([_part(there, feature, source) for source in sources])


def _part(there: Mapping[str, NDArray[Any]], feature: str, source: Source) -> Float:
    found = _found(there, feature, source)
    if found.dtype.kind not in "fiub" or found.ndim > 1:
        rule = f"{source.key!r} is no vector of numbers ({found.dtype}, shape {found.shape})"
        raise wrong(f"observation.{feature}", rule, None, "shape (D,)")
    values = np.atleast_1d(found).astype(np.float32)
    if source.slice:
        if source.slice[1] > len(values) or source.slice[0] >= source.slice[1]:
            rule = f"{source.key!r} has {len(values)} numbers"
            raise wrong(f"observation.{feature}", rule, list(source.slice), f"0..{len(values)}")
        values = values[slice(*source.slice)]
    if source.axis_angle:
        if len(values) != 4:
            rule = f"{source.key!r} has {len(values)} numbers, and a quaternion four"
            raise wrong(f"observation.{feature}", rule, None, "four numbers, xyzw")
        values = axis_angle(values)
    return values


def _found(there: Mapping[str, NDArray[Any]], feature: str, source: Source) -> NDArray[Any]:
    if source.key not in there:
        valid = ", ".join(sorted(there)) or "none"
        raise wrong(f"observation.{feature}", "not in the observation", source.key, valid)
    return there[source.key]


def axis_angle(quaternion: Float) -> Float:
    """A quaternion xyzw (4,) as axis times angle (3,) in rad, the angle in 0..2 pi.

    It is 2 acos(w) about xyz / |xyz|, as robosuite's `quat2axisangle` has it, by which LIBERO's
    data were written.
    """
    xyz, w = quaternion[:3].astype(np.float64), float(np.clip(quaternion[3], -1, 1))
    length = float(np.linalg.norm(xyz))
    if length < 1e-9:
        return np.zeros(3, np.float32)
    return np.asarray(xyz / length * 2 * np.arccos(w), np.float32)


def picture(found: NDArray[Any], feature: str, source: Source) -> Image:
    """An image of the environment as it is, (H, W, 3).

    Raises:
        UnusableData: it is none.
    """
    if found.dtype != np.uint8 or found.ndim != 3 or found.shape[2] != 3:
        what = source.camera or source.key
        rule = f"{what!r} is no image of three colours ({found.dtype}, shape {found.shape})"
        raise wrong(f"observation.{feature}", rule, None, "uint8, (H, W, 3)")
    return found[::-1, ::-1] if source.upside_down else found


def seen(raw: Raw, feature: str, source: Source) -> Image:
    """An image that stands in the observation, (H, W, 3)."""
    return picture(_found(leaves(raw), feature, source), feature, source)
