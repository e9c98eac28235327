"""A tiny RDT, and demonstrations with poses for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ilsweep.trainers.data.dataset import Demonstrations, Domain
from ilsweep.trainers.envs.aloha.layout import EE_ACTION, EE_POSE
from ilsweep.trainers.envs.aloha.simulator import environment
from ilsweep.trainers.rdt.config import RDTConfig
from ilsweep.trainers.rdt.trainer import RDT
from tests.trainers.demonstrations import config_of
from tests.trainers.tiny import LENGTH, tiny_demonstrations

TINY: dict[str, Any] = {
    "dim": 16,
    "heads": 2,
    "layers": 1,
    "chunk_size": 8,
    "execute_steps": 4,
    "inference_steps": 3,
    "backbone_width": 4,
    "backbone_stride": 16,
    "batch_size": 8,
}
GRIPPERS = [7, 15]


def tiny_data(episodes: int = 6, **config: Any) -> Demonstrations:
    """The tiny demonstrations with poses as the robot's are: metres, quaternions, grippers."""
    data = tiny_demonstrations(episodes, **config)
    world = replace(environment(config_of(data)), max_steps=2 * LENGTH)
    return replace(data, source=_with_poses(data.source), environment=world)


def _with_poses(domain: Domain) -> Domain:
    poses = {}
    for key in (EE_POSE, EE_ACTION):
        values = domain[key]
        pose = 0.2 * values.astype(np.float64)
        for first in (3, 11):
            pose[:, first] = 1.0
            pose[:, first : first + 4] /= np.linalg.norm(pose[:, first : first + 4], axis=1)[
                :, None
            ]
        pose[:, GRIPPERS] = 0.5 + values[:, GRIPPERS]
        poses[key] = pose.astype(np.float32)
    return replace(domain, features={**domain.features, **poses})


def build(data: Demonstrations | None = None, *, seed: int = 0, **params: Any) -> RDT:
    return RDT(RDTConfig(**{**TINY, **params}), data or tiny_data(), seed=seed)


def trained(steps: int, data: Demonstrations | None = None, **params: Any) -> RDT:
    trainer = build(data, **{"lr": 3e-3, "lr_backbone": 3e-3, "steps": steps, **params})
    for _ in range(steps):
        trainer.train_step()
    return trainer
