"""The looks of gym-aloha's scene in two visual domains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ilsweep.trainers.data.source import Variant
from ilsweep.trainers.envs.aloha.config import Camera


@dataclass(frozen=True)
class VisualVariant:
    """How a visual domain differs from gym-aloha's own scene."""

    table: tuple[float, float, float]
    arms: tuple[float, float, float]
    objects: dict[str, tuple[float, float, float]]
    cameras: dict[Camera, tuple[tuple[float, float, float], float]]
    """Position in m and vertical field of view in degrees, of cameras fixed in the world."""
    light: tuple[tuple[float, float, float], float]
    """Direction of every light, and ambient brightness."""


TARGET = VisualVariant(
    table=(0.55, 0.42, 0.28),
    arms=(0.22, 0.26, 0.34),
    objects={"red_box": (0.95, 0.75, 0.1), "red_peg": (0.95, 0.75, 0.1)},
    cameras={
        "top": ((0.06, 0.3, 0.8), 74.0),
        "angle": ((0.22, 0.02, 0.55), 78.0),
        "front_close": ((0.1, 0.12, 0.48), 78.0),
        "left_pillar": ((-0.35, 0.1, 0.7), 70.0),
        "right_pillar": ((0.35, 0.1, 0.7), 70.0),
    },
    light=((0.8, 0.3, -0.5), 0.25),
)
"""Another viewpoint, warmer table, dark arms, yellow object, light from one side."""


def apply_visual_variant(model: Any, domain: Variant) -> None:
    """Give a MuJoCo model, in place, the looks of a domain; the source is gym-aloha's own."""
    if domain == "source":
        return
    for geom in range(model.ngeom):
        name = model.geom(geom).name
        colour = TARGET.table if name == "table" else TARGET.objects.get(name)
        if name.startswith("vx300s"):
            colour = TARGET.arms
        if colour is not None:
            model.geom_rgba[geom, :3] = colour
    for camera, (position, fovy) in TARGET.cameras.items():
        index = model.camera(camera).id
        model.cam_pos[index], model.cam_fovy[index] = position, fovy
    direction, ambient = TARGET.light
    model.light_dir[:] = np.asarray(direction) / np.linalg.norm(direction)
    model.vis.headlight.ambient[:] = ambient
