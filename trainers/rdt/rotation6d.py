"""Rotations as six numbers: the first two columns of the rotation matrix.

A continuous representation (Zhou et al. 2019, arXiv 1812.07035, section 4.2), which RDT-1B uses for
end-effector poses. Shapes: ... any leading axes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Float = NDArray[np.floating]

_TINY = 1e-6


def from_quaternion(quaternions: Float) -> Float:
    """Quaternions wxyz (..., 4), of any length above zero, to six numbers (..., 6).

    The first column of the matrix, then the second; the identity for a length of zero.
    """
    length = np.linalg.norm(quaternions, axis=-1, keepdims=True)
    identity = np.array([1.0, 0.0, 0.0, 0.0], dtype=quaternions.dtype)
    unit = np.where(length > _TINY, quaternions / np.maximum(length, _TINY), identity)
    w, x, y, z = np.moveaxis(unit, -1, 0)
    first = (1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y))
    second = (2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x))
    return np.stack((*first, *second), axis=-1)


def to_quaternion(numbers: Float) -> Float:
    """Any six numbers (..., 6) to the quaternion wxyz (..., 4) with w >= 0.

    Gram-Schmidt (Zhou et al. 2019, equation 15): of the second column only the part across the
    first counts. A column without a direction is replaced by an axis.
    """
    first = _unit(numbers[..., :3], np.eye(3)[0])
    across = numbers[..., 3:] - _dot(first, numbers[..., 3:]) * first
    # The axis that is least along the first column, for a second column without a direction.
    spare = np.eye(3)[np.abs(first).argmin(axis=-1)]
    second = _unit(across, _unit(spare - _dot(first, spare) * first, np.eye(3)[1]))
    third = np.cross(first, second)
    matrix = np.stack((first, second, third), axis=-1).reshape(-1, 3, 3)
    # Valid as it is: projected onto the rotations, it would change float32 bits.
    turns = Rotation.from_matrix(matrix, assume_valid=True)
    quaternions = turns.as_quat(canonical=True, scalar_first=True)
    return quaternions.reshape(*numbers.shape[:-1], 4).astype(numbers.dtype)


def angle(first: Float, second: Float) -> Float:
    """Angle of the turn between unit quaternions (..., 4), (..., 4) -> (...), rad, 0 to pi."""
    cosine = np.abs((first * second).sum(axis=-1))
    return np.asarray(2 * np.arccos(np.minimum(cosine, 1.0)))


def _dot(a: Float, b: Float) -> Float:
    return np.asarray((a * b).sum(axis=-1, keepdims=True))


def _unit(vectors: Float, otherwise: Float) -> Float:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > _TINY, vectors / np.maximum(length, _TINY), otherwise)
