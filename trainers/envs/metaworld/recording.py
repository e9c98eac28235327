"""Demonstrations of Meta-World: its experts, with noise on what is executed."""

from __future__ import annotations

from contextlib import closing

import numpy as np

from ilsweep.trainers.data.dataset import Array
from ilsweep.trainers.data.features import ACTION, ENVIRONMENT, IMAGES, STATE
from ilsweep.trainers.data.source import Variant
from ilsweep.trainers.envs.metaworld.config import MetaWorldConfig
from ilsweep.trainers.envs.metaworld.simulator import CONTROLS, MetaWorld, environment, noise
from ilsweep.trainers.envs.recorded import Episode, Recorder


def record(config: MetaWorldConfig, variant: Variant, seed: int) -> Episode | None:
    """Let the expert try the episode of a seed; None where it fails.

    What is recorded is what the expert would do; what is executed has noise (DART, Laskey et al.
    2017), so that the demonstrations show the way back from where the expert would not go.

    Raises:
        NoOpenGL: images are asked for, and there is no OpenGL.
    """
    with closing(MetaWorld(config, "delta_ee", variant)) as world:
        return _attempt(config, world, seed)


def _attempt(config: MetaWorldConfig, world: MetaWorld, seed: int) -> Episode | None:
    added = noise(config.action_noise, seed, config.max_steps)
    rows: list[dict[str, Array]] = []
    world.reset(seed)
    for disturbance in added:
        action = world.expert()
        seen = {STATE: world.hand(), ENVIRONMENT: world.world(), ACTION: action}
        pictures = {IMAGES + name: image for name, image in world.render().items()}
        rows.append({**{key: v.astype(np.float32) for key, v in seen.items()}, **pictures})
        if world.step(action + disturbance).success:
            break
    else:
        return None
    arrays = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
    return Episode(seed, {**arrays, "phase": np.linspace(0, 1, len(rows), dtype=np.float32)})


RECORDER = Recorder(
    name="metaworld",
    recipe=1,
    packages=("metaworld", "mujoco", "numpy"),
    record=record,
    controls=CONTROLS,
    aligned_by=(STATE, ENVIRONMENT),
    environment=environment,
)
