"""Rotations as unit quaternions, w first; q and -q are the same rotation.

`scipy.spatial.transform.Rotation` differs in the last bit of a product, which would change every
recorded demonstration, and takes 80 us a product in the solver's loop, where these take 1 us.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Double = NDArray[np.float64]


def about(axis: Sequence[float], degrees: float) -> Double:
    """The rotation about a unit axis, (4,)."""
    half = np.radians(degrees) / 2
    return np.concatenate([[np.cos(half)], np.sin(half) * np.asarray(axis)])


def multiply(a: Double, b: Double) -> Double:
    """Hamilton's product: first turn by b, then by a."""
    w, x, y, z = a.tolist()
    s, t, u, v = b.tolist()
    return np.array(
        [
            w * s - x * t - y * u - z * v,
            w * t + x * s + y * v - z * u,
            w * u - x * v + y * s + z * t,
            w * v + x * u - y * t + z * s,
        ]
    )


def rotation_vector(now: Double, target: Double) -> Double:
    """Axis times angle (3,), rad, world frame, of the shorter turn from `now` to `target`."""
    turn = multiply(target, now * np.array([1.0, -1.0, -1.0, -1.0]))
    sine, cosine = float(np.linalg.norm(turn[1:])), abs(float(turn[0]))
    if sine < 1e-12:
        return np.zeros(3)
    angle = 2 * np.arctan2(sine, cosine)
    return np.asarray(turn[1:] * (np.copysign(1.0, turn[0]) * angle / sine))


def unit_or(quaternion: Double, otherwise: Double) -> Double:
    """The quaternion at unit length, or `otherwise` where it has none."""
    length = float(np.linalg.norm(quaternion))
    return quaternion / length if length > 1e-6 else otherwise
