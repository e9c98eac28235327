"""Episodes in a trial's checkpoint, which holds arrays, numbers and texts alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ilsweep.trainers.core.episode import Episode

BYTES = ("film", "thumbnail")


def row_of(episode: Episode) -> dict[str, Any]:
    """An episode as a checkpoint holds it."""
    packed = {name: np.frombuffer(getattr(episode, name), np.uint8) for name in BYTES}
    return {**vars(episode), **packed, "path": np.array(episode.path, np.float64)}


def episode_of(row: Mapping[str, Any]) -> Episode:
    """The episode that `row_of` made a row of."""
    plain = {name: np.asarray(row[name]).tobytes() for name in BYTES}
    path = tuple(tuple(point) for point in np.asarray(row["path"]).tolist())
    return Episode(**{**row, **plain, "path": path})
