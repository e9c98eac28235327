"""Faults in Meta-World's dial-turn, whose demonstrations show where the dial stands as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from benchmarks.faults.metaworld import ACT, ALL, BC, DIAL, EPISODES, RDT
from benchmarks.repair.fault import Fault, World

WORLD = World(
    DIAL.name,
    {"source": "metaworld", "task": DIAL.name, "episodes": EPISODES, "observation": "state"},
    {"rollouts": 20},
)
dial = partial(Fault, world=WORLD)

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
        data={"episodes": 4},
    ),
    "dial-act-rate-huge": dial(
        "The learning rate is 1.", "act", {**ALL, **ACT, "lr": 1.0}, {"lr": 1e-3}
    ),
    "dial-rdt-no-inverse": dial(
        "Changes of position tenfold, executed as they are.",
        "rdt",
        {**ALL, **RDT, "normalize": "none", "position_scale": 10.0, "inverse_scale": False},
        {"inverse_scale": True},
    ),
}
