"""ACT: what its field note fears, planted, and what is well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.faults.case import Case, healthy, planted
from benchmarks.faults.world import World

SMALL: Mapping[str, Any] = {
    "dim": 32,
    "heads": 2,
    "feedforward": 64,
    "encoder_layers": 1,
    "latent_dim": 4,
    "backbone_width": 4,
    "backbone_stride": 16,
    "chunk_size": 6,
    "batch_size": 16,
    "lr": 1e-3,
    "lr_backbone": 1e-3,
    "kl_weight": 0.003,
    "steps": 240,
    "log_every": 4,
    "eval_every": 24,
    "save_every": 10_000,
    "rollouts": 0,
}
LONG: Mapping[str, Any] = {
    "steps": 480,
    "log_every": 8,
    "lr_schedule": "constant",
}
BLIND = World(observation="state")
"""Where it does not matter what is seen, no images: half of the time."""
FEW = World(observation="state", episodes=8, action_noise=1.0)

CLEAN = frozenset(
    {
        "blind_policy",
        "mean_trajectory",
        "posterior_collapse",
        "latent_gap",
        "backbone_frozen",
        "feature_collapse",
        "batch_too_large",
        "train_test_gap",
        "overfitting",
        "diverged",
        "exploding_gradient",
        "data_bound",
    }
)
"""What a healthy run of ACT shows nothing of. Whether it could have trained longer is another
question, which has cases of its own."""


def act(**params: Any) -> dict[str, Any]:
    """A case's trainer and parameters."""
    return {"trainer": "act", "params": {**SMALL, **params}}


CASES: tuple[Case, ...] = (
    healthy(
        "act-healthy",
        "Nothing is wrong.",
        CLEAN,
        **act(steps=960, log_every=16, eval_every=48, kl_weight=0.01),
        data=World(episodes=64),
    ),
    healthy(
        "act-healthy-constant",
        "Nothing is wrong; shorter, at a constant rate.",
        CLEAN,
        **act(lr_schedule="constant", kl_weight=0.01, steps=600, log_every=10),
        data=World(episodes=64, seed=1),
    ),
    planted(
        "act-black-images",
        "Training shows black images.",
        "blind_policy",
        "mean_trajectory",
        **act(),
        data=World(camera="black"),
    ),
    planted(
        "act-dead-camera",
        "The camera is stuck on one picture, always.",
        "blind_policy",
        "mean_trajectory",
        "feature_collapse",
        **act(),
        data=World(camera="stuck", camera_heldout="stuck"),
    ),
    planted(
        "act-scrambled-images",
        "Training shows images of any episode, at random.",
        "blind_policy",
        "mean_trajectory",
        **act(),
        data=World(camera="scrambled"),
    ),
    planted(
        "act-kl-huge",
        "The KL weighs a thousand.",
        "posterior_collapse",
        **act(kl_weight=1000.0),
        data=BLIND,
    ),
    planted(
        "act-kl-ten",
        "The KL weighs ten, as the note trained.",
        "posterior_collapse",
        **act(kl_weight=10.0),
        data=BLIND,
    ),
    planted(
        "act-kl-zero",
        "The KL weighs nothing, and the styles differ much.",
        "latent_gap",
        **act(kl_weight=0.0, **LONG),
        data=World(observation="state", style=0.6),
    ),
    planted(
        "act-frozen",
        "The backbone's rate is 0.",
        "backbone_frozen",
        **act(lr_backbone=0.0, steps=120),
    ),
    planted(
        "act-nearly-frozen",
        "The backbone's rate is a ten-thousandth of the main one.",
        "backbone_frozen",
        **act(lr_backbone=1e-7, steps=120),
    ),
    planted(
        "act-batch-share",
        "A batch is all of the data.",
        "batch_too_large",
        **act(batch_fraction=1.0, steps=24),
        data=BLIND,
    ),
    planted(
        "act-batch-size",
        "A batch is half of a small training set, given as a number.",
        "batch_too_large",
        **act(batch_size=64, steps=24),
        data=FEW,
    ),
    planted(
        "act-few-noisy",
        "Six noisy demonstrations, many steps.",
        "overfitting",
        **act(**{**LONG, "lr": 2e-3, "eval_every": 12}),
        data=FEW,
    ),
    planted(
        "act-few",
        "Three demonstrations, many steps.",
        "train_test_gap",
        **act(**LONG),
        data=World(observation="state", episodes=4),
    ),
    planted(
        "act-rate-huge",
        "The learning rate is 1.",
        "diverged",
        **act(lr=1.0, lr_schedule="constant", log_every=1, steps=120),
        data=BLIND,
    ),
    planted(
        "act-slow-loading",
        "Every batch takes 50 ms to load.",
        "data_bound",
        **act(steps=40),
        data=World(observation="state", wait_s=0.05),
    ),
    planted(
        "act-too-short",
        "Stopped long before it is done.",
        "still_improving",
        clean=frozenset({"plateau"}),
        **act(steps=90, log_every=1, batch_size=32, lr=5e-4, lr_schedule="constant"),
        data=BLIND,
    ),
)
