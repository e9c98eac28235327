"""Behaviour cloning with a Gaussian actor: its likelihood, its batches, its memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.faults.case import Case, healthy, planted
from benchmarks.faults.world import World

SMALL: Mapping[str, Any] = {
    "hidden_dims": [64, 64],
    "batch_size": 48,
    "lr": 1e-3,
    "steps": 800,
    "log_every": 10,
    "eval_every": 40,
    "save_every": 10_000,
    "rollouts": 0,
    "replays": 0,
}

CLEAN = frozenset(
    {
        "batch_too_large",
        "loss_jump",
        "train_test_gap",
        "overfitting",
        "diverged",
        "exploding_gradient",
        "data_bound",
        "not_learning",
        "schedule_ended",
    }
)
SEEN = World(observation="state")
ONE = World(observation="state", episodes=2)
NOISY = World(observation="state", episodes=8, action_noise=0.6)
NOTE: Mapping[str, Any] = {"batch_fraction": 0.61, "lr": 3e-4, "steps": 3000, "log_every": 20}
"""The note's share of the data and its rate."""


def bc(data: World = SEEN, **params: Any) -> dict[str, Any]:
    """A case's trainer, parameters and demonstrations."""
    return {"trainer": "bc", "params": {**SMALL, **params}, "data": data}


CASES: tuple[Case, ...] = (
    healthy("bc-healthy", "Nothing is wrong.", CLEAN, **bc()),
    healthy(
        "bc-healthy-floor",
        "Nothing is wrong; a floor under the deviation.",
        CLEAN,
        **bc(std_min=0.05),
    ),
    healthy(
        "bc-one-floor",
        "One demonstration, as the note trained, but with a floor under the deviation.",
        frozenset({"loss_jump", "exploding_gradient", "diverged"}),
        **bc(ONE, **NOTE, std_min=0.05),
    ),
    planted(
        "bc-rate-tiny",
        "The rate is a millionth of what it should be.",
        "not_learning",
        **bc(lr=1e-9),
    ),
    planted(
        "bc-rate-ended",
        "The rate falls to a thousandth after a fifth of the training.",
        "schedule_ended",
        **bc(lr_schedule="step", lr_step_at=0.2, lr_step_factor=1e-3),
    ),
    planted(
        "bc-note",
        "One demonstration and no floor under the deviation, which shrinks until a small error "
        "costs much; a batch is 61 % of the data.",
        "loss_jump",
        "batch_too_large",
        "train_test_gap",
        **bc(ONE, **{**NOTE, "lr": 5e-4, "steps": 5000}),
        seeds=17,
    ),
    planted(
        "bc-whole-batch",
        "A batch is all of the data.",
        "batch_too_large",
        **bc(batch_fraction=1.0, steps=100),
    ),
    planted(
        "bc-few-noisy",
        "Six noisy demonstrations, many steps.",
        "overfitting",
        **bc(NOISY, hidden_dims=[256, 256], lr=3e-3, steps=1200, eval_every=20),
    ),
    planted(
        "bc-rate-breaks",
        "The learning rate rises three thousandfold halfway.",
        "diverged",
        **bc(lr_schedule="step", lr_step_factor=3000.0, steps=400),
    ),
    planted(
        "bc-rate-jumps",
        "The learning rate rises a hundredfold halfway; the loss comes back.",
        "exploding_gradient",
        **bc(lr_schedule="step", lr_step_factor=100.0, steps=400, log_every=2),
    ),
    planted(
        "bc-long",
        "Trained six times as long as it takes.",
        "plateau",
        clean=frozenset({"still_improving"}),
        **bc(steps=4800),
        seeds=10,
    ),
    planted(
        "bc-too-short",
        "Stopped long before it is done.",
        "still_improving",
        clean=frozenset({"plateau"}),
        **bc(lr=3e-4, steps=120, log_every=2),
        seeds=10,
    ),
)
