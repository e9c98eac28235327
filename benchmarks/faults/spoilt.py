"""Recorded demonstrations with a fault of the data planted in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from benchmarks.faults.world import SlowDemonstrations
from ilsweep.trainers.data.dataset import Demonstrations, Domain, Image
from ilsweep.trainers.data.source import Progress, Say, quiet
from ilsweep.trainers.envs.metaworld.config import MetaWorldConfig

Camera = Literal["right", "black", "scrambled"]


class SpoiltMetaWorld(MetaWorldConfig):
    """Meta-World's demonstrations, whose training episodes show something else, or load slowly."""

    name: ClassVar[str] = "benchmarks.faults.spoilt:SpoiltMetaWorld"

    source: str = name  # type: ignore[assignment]
    camera: Camera = "right"
    """What training episodes show: the scene, black, or pictures drawn from all episodes."""
    wait_s: float = 0.0
    """How long each batch takes to load beyond what it must."""

    def load(self, cache_dir: Path, progress: Progress = quiet, say: Say = print) -> Demonstrations:
        """What was recorded, then spoilt."""
        plain = self.model_dump(exclude={"source", "camera", "wait_s"})
        made = MetaWorldConfig(**plain).load(cache_dir, progress, say)
        if self.camera != "right":
            made = replace(made, source=shown(made.source, self.camera))
        if self.wait_s:
            parts = (made.config, made.controls, made.source, made.target, made.alignment)
            made = SlowDemonstrations(*parts, made.environment, self.wait_s)
        return made


def shown(domain: Domain, camera: Camera) -> Domain:
    """The same domain with other pictures in its training frames."""
    features = dict(domain.features)
    for key in domain.cameras:
        features[key] = _pictures(features[key], domain, camera)
    return replace(domain, features=features)


def _pictures(pictures: Image, domain: Domain, camera: Camera) -> Image:
    frames = domain.train_frames
    spoilt = np.array(pictures)
    rng = np.random.default_rng(0)
    spoilt[frames] = 0 if camera == "black" else pictures[rng.permutation(frames)]
    return spoilt
