"""Faults in simulators of robots, whose demonstrations show as numbers what is to be moved."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from benchmarks.faults.metaworld import ALL, BC, DIAL, EPISODES
from benchmarks.repair.fault import Fault, World

ROLLOUTS: Mapping[str, Any] = {"rollouts": 20}
dial = partial(
    Fault,
    world=World(
        DIAL.name,
        {"source": "metaworld", "task": DIAL.name, "episodes": EPISODES, "observation": "state"},
        ROLLOUTS,
    ),
)
cube = partial(
    Fault,
    world=World(
        "transfer_cube",
        {
            "source": "aloha",
            "task": "transfer_cube",
            "episodes": 50,
            "rate_hz": 12.5,
            "observation": "state",
        },
        ROLLOUTS,
    ),
)
RDT: Mapping[str, Any] = {
    "control": "ee",
    "position_scale": 10.0,
    "steps": 600,
    "batch_size": 32,
    "lr": 1e-3,
    "chunk_size": 16,
    "execute_steps": 8,
    "ema_decay": 0.99,
    "log_every": 10,
    "eval_every": 100,
    "save_every": 100_000,
}
"""As in `sweeps/specs/rdt_inverse.yaml`."""

FAULTS: Mapping[str, Fault] = {
    "dial-bc-too-short": dial(
        "Stopped long before it is done.", "bc", {**ALL, **BC, "steps": 60}, {"steps": 1500}
    ),
    "dial-bc-rate-tiny": dial(
        "The rate is a millionth of what it should be.",
        "bc",
        {**ALL, **BC, "lr": 1e-9},
        {"lr": 1e-3},
    ),
    "dial-bc-few": dial(
        "Four demonstrations.",
        "bc",
        {**ALL, **BC},
        {"data.episodes": EPISODES},
        {"episodes": 4},
    ),
    "cube-rdt-no-inverse": cube(
        "Positions in decimetres, executed as if they were metres; somebody goes on though the "
        "replay of demonstrations fails.",
        "rdt",
        {**RDT, "inverse_scale": False},
        {"inverse_scale": True},
        options=("--no-controls",),
    ),
}
