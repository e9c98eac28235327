"""Reflow: the three problems of its field note, one at a time, and the sound combination."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.faults.case import Case, healthy, planted
from benchmarks.faults.world import World

SMALL: Mapping[str, Any] = {
    "dim": 32,
    "heads": 2,
    "feedforward": 64,
    "layers": 2,
    "chunk_size": 8,
    "execute_steps": 4,
    "batch_size": 32,
    "teacher_steps": 300,
    "lr": 1e-3,
    "teacher_lr": 2e-3,
    "steps": 200,
    "log_every": 5,
    "eval_every": 40,
    "save_every": 10_000,
    "rollouts": 0,
}

SEEN = World(observation="state")

CLEAN = frozenset(
    {
        "padding_leak",
        "noise_mismatch",
        "untrained_dims",
        "ode_drift",
        "train_test_gap",
        "overfitting",
        "diverged",
        "exploding_gradient",
        "data_bound",
    }
)
PADDING = frozenset({"padding_leak", "noise_mismatch", "untrained_dims"})


def reflow(data: World = SEEN, **params: Any) -> dict[str, Any]:
    """A case's trainer, parameters and demonstrations."""
    return {"trainer": "reflow", "params": {**SMALL, **params}, "data": data}


CASES: tuple[Case, ...] = (
    healthy("reflow-healthy", "All dimensions, everywhere.", CLEAN, **reflow()),
    healthy(
        "reflow-healthy-valid",
        "Noise in the robot's own dimensions alone, in training and at inference.",
        frozenset({"padding_leak", "noise_mismatch", "train_test_gap", "ode_drift"}),
        **reflow(noise_dims="valid", infer_noise_dims="valid"),
    ),
    planted(
        "reflow-repadded",
        "The target is cut to the robot's dimensions and padded with zeros again.",
        "padding_leak",
        clean=PADDING - {"padding_leak"},
        **reflow(target="repadded"),
    ),
    planted(
        "reflow-noise",
        "Training draws noise in the robot's dimensions, inference in all.",
        "noise_mismatch",
        clean=frozenset({"padding_leak", "untrained_dims"}),
        **reflow(noise_dims="valid"),
    ),
    planted(
        "reflow-loss-valid",
        "The loss leaves the padded dimensions out, inference uses them.",
        "untrained_dims",
        clean=frozenset({"padding_leak", "noise_mismatch"}),
        **reflow(loss_dims="valid"),
    ),
    planted(
        "reflow-note",
        "All three, as the note found them.",
        *sorted(PADDING),
        **reflow(target="repadded", noise_dims="valid", loss_dims="valid"),
    ),
    planted(
        "reflow-stops-early",
        "The integrator does four of its five Euler steps.",
        "ode_drift",
        **{**reflow(euler_steps=5), "trainer": "benchmarks.faults.sabotage:StopsEarly"},
    ),
    planted(
        "reflow-goes-too-far",
        "The integrator does six of its five Euler steps.",
        "ode_drift",
        **{**reflow(euler_steps=5), "trainer": "benchmarks.faults.sabotage:GoesTooFar"},
    ),
)
