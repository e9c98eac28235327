"""Meta-World's dial from pixels: ACT that succeeds by its eyes, and ACT that cannot see.

The dial's place is in the pictures alone. Blind policies wave their hand about, and hit the dial in
60 to 65 % of the episodes: their paths vary and they do not fail, so that only their blindness is
planted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.faults.case import Case, healthy, planted
from benchmarks.faults.metaworld import CLEAN_ACT, DIAL, EPISODES
from benchmarks.faults.spoilt import Camera, SpoiltMetaWorld
from ilsweep.trainers.envs.metaworld.config import MetaWorldConfig

TASK = DIAL.name
SEEN = MetaWorldConfig(task=TASK, episodes=EPISODES)
PIXELS: Mapping[str, Any] = {
    "save_every": 100_000,
    "rollouts": 20,
    "lesions": 0,
    "batch_size": 32,
    "chunk_size": 10,
    "ensemble_decay": None,
    "lr": 1e-3,
    "lr_backbone": 1e-3,
    "backbone": "shallow",
    "steps": 800,
    "log_every": 10,
    "eval_every": 50,
}
SIGHTED = CLEAN_ACT | {"blind_policy", "backbone_frozen", "feature_collapse"}

FEW = 2
"""Seeds: a training takes one to two minutes of a core."""


def eyes(data: MetaWorldConfig = SEEN, **params: Any) -> dict[str, Any]:
    """A case's trainer, parameters, demonstrations and seeds."""
    return {"trainer": "act", "params": {**PIXELS, **params}, "data": data, "seeds": FEW}


def shown(camera: Camera) -> MetaWorldConfig:
    """Demonstrations whose training episodes show something else."""
    return SpoiltMetaWorld(task=TASK, episodes=EPISODES, camera=camera)


CASES: tuple[Case, ...] = (
    healthy("dial-eyes", "Nothing is wrong.", SIGHTED, **eyes()),
    healthy(
        "dial-eyes-long",
        "Nothing is wrong; half as long again, with a small KL weight.",
        SIGHTED,
        **eyes(steps=1200, kl_weight=0.1),
    ),
    planted(
        "dial-black-images",
        "Training shows black images.",
        "blind_policy",
        **eyes(shown("black"), steps=400),
    ),
    planted(
        "dial-scrambled-images",
        "Training shows images of any episode, at random.",
        "blind_policy",
        **eyes(shown("scrambled"), steps=400),
    ),
    planted(
        "dial-frozen",
        "The backbone's rate is 0.",
        "backbone_frozen",
        **eyes(lr_backbone=0.0, steps=400),
    ),
    planted(
        "dial-other-norm",
        "Images are normalised otherwise at the evaluation: the error falls, and the robot fails.",
        "loss_behaviour_contradiction",
        **eyes(steps=400, image_norm_eval="none"),
        fails=True,
    ),
)
