"""RDT: positions that the loss does not feel, that leave their range, that are not scaled back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.faults.case import Case, healthy, planted
from benchmarks.faults.world import World

SMALL: Mapping[str, Any] = {
    "dim": 32,
    "heads": 2,
    "layers": 2,
    "chunk_size": 8,
    "execute_steps": 4,
    "batch_size": 16,
    "lr": 2e-3,
    "ema_decay": 0.95,
    "position_scale": 100.0,
    "steps": 400,
    "log_every": 10,
    "eval_every": 40,
    "save_every": 10_000,
    "rollouts": 0,
}
SEEN = World(observation="state")

CLEAN = frozenset(
    {
        "unit_imbalance",
        "position_saturation",
        "scale_mismatch",
        "batch_too_large",
        "train_test_gap",
        "overfitting",
        "diverged",
        "exploding_gradient",
        "data_bound",
        "loss_scale",
    }
)


def rdt(data: World = SEEN, **params: Any) -> dict[str, Any]:
    """A case's trainer, parameters and demonstrations."""
    return {"trainer": "rdt", "params": {**SMALL, **params}, "data": data}


CASES: tuple[Case, ...] = (
    healthy("rdt-healthy", "Positions in centimetres.", CLEAN, **rdt()),
    healthy(
        "rdt-healthy-minmax",
        "Every number from its range to -1..1.",
        CLEAN,
        **rdt(position_scale=1.0, normalize="minmax"),
    ),
    healthy(
        "rdt-healthy-flat",
        "Nothing is wrong; the hands stay at one height, the grippers closed.",
        CLEAN,
        **rdt(World(observation="state", flat=True)),
    ),
    planted(
        "rdt-metres",
        "Positions in metres, which spread a seventieth of what the grippers do.",
        "unit_imbalance",
        clean=frozenset({"scale_mismatch"}),
        **rdt(position_scale=1.0),
    ),
    planted(
        "rdt-tiny-units",
        "Positions in tenths of millimetres, which drown the rotation.",
        "unit_imbalance",
        clean=frozenset({"scale_mismatch", "position_saturation"}),
        **rdt(position_scale=10_000.0),
    ),
    planted(
        "rdt-micrometres",
        "Positions in micrometres: a loss of millions.",
        "unit_imbalance",
        "loss_scale",
        **rdt(position_scale=1_000_000.0),
    ),
    planted(
        "rdt-no-inverse",
        "Positions in centimetres, executed as if they were metres.",
        "scale_mismatch",
        "position_saturation",
        clean=frozenset({"unit_imbalance"}),
        **rdt(inverse_scale=False),
    ),
    planted(
        "rdt-no-inverse-minmax",
        "Normalised actions, executed as they are.",
        "scale_mismatch",
        "position_saturation",
        clean=frozenset({"unit_imbalance"}),
        **rdt(position_scale=1.0, normalize="minmax", inverse_scale=False),
    ),
)
