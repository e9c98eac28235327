"""Specs with one fault each, that somebody who knows would mend by one value.

Each trains in the made-up world in seconds. What mends it stands here for the comparison alone; no
stage is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.faults import act, bc, rdt, reflow

SOURCE = "benchmarks.repair.source:MadeUp"
EPISODES = 20
DEMONSTRATIONS = 64


@dataclass(frozen=True)
class Fault:
    """One spec, and what is wrong with it."""

    about: str
    trainer: str
    params: Mapping[str, Any]
    """The fault is among them."""
    mended: Mapping[str, Any]
    """What somebody who knows would set."""
    data: Mapping[str, Any] = field(default_factory=dict)

    def spec(self, name: str, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The spec with the fault, or with `changes` in place of it."""
        params = {**self.params, "rollouts": EPISODES, "lesions": 5, **(changes or {})}
        data = {"source": SOURCE, "episodes": DEMONSTRATIONS, **self.data}
        for path in [path for path in params if path.startswith("data.")]:
            data[path.removeprefix("data.")] = params.pop(path)
        return {
            "name": name,
            "question": "Why does no policy succeed?",
            "trainer": self.trainer,
            "data": data,
            "params": params,
            "seeds": [0, 1],
            "objective": {"metric": "eval/pc_success", "mode": "max"},
            "resources": {"cpu": 1},
        }


ACT: Mapping[str, Any] = {**act.SMALL, "steps": 720}
REFLOW: Mapping[str, Any] = {**reflow.SMALL, "teacher_steps": 1500, "steps": 400}
STATE = {"observation": "state"}

FAULTS: Mapping[str, Fault] = {
    "act-frozen": Fault(
        "The backbone's rate is 0.", "act", {**ACT, "lr_backbone": 0.0}, {"lr_backbone": 1e-3}
    ),
    "act-other-pictures": Fault(
        "Images are normalised otherwise at evaluation.",
        "act",
        {**ACT, "image_norm": "unit", "image_norm_eval": "none"},
        {"image_norm_eval": "unit"},
    ),
    "act-kl-zero": Fault(
        "The KL weighs nothing, and the styles differ much.",
        "act",
        {**ACT, "kl_weight": 0.0},
        {"kl_weight": 0.1},
        {**STATE, "style": 0.6},
    ),
    "act-too-short": Fault(
        "Stopped long before it is done.",
        "act",
        {**ACT, "steps": 40},
        {"steps": 720},
        STATE,
    ),
    "act-rate-huge": Fault(
        "The learning rate is 1.", "act", {**ACT, "lr": 1.0}, {"lr": 1e-3}, STATE
    ),
    "act-few": Fault(
        "Four demonstrations.", "act", {**ACT}, {"data.episodes": 64},
        {**STATE, "episodes": 4},
    ),
    "rdt-no-inverse": Fault(
        "Positions in centimetres, executed as if they were metres.",
        "rdt",
        {**rdt.SMALL, "control": "ee", "position_scale": 100.0, "inverse_scale": False},
        {"inverse_scale": True},
        STATE,
    ),
    "rdt-tiny-units": Fault(
        "Positions in tenths of millimetres, which drown the rotation.",
        "rdt",
        {**rdt.SMALL, "control": "ee", "position_scale": 10_000.0},
        {"position_scale": 100.0},
        STATE,
    ),
    "bc-rate-tiny": Fault(
        "The rate is a millionth of what it should be.",
        "bc",
        {**bc.SMALL, "lr": 1e-9},
        {"lr": 1e-3},
        STATE,
    ),
    "bc-too-short": Fault(
        "Stopped long before it is done.", "bc", {**bc.SMALL, "steps": 40}, {"steps": 600}, STATE
    ),
    "reflow-note": Fault(
        "The three faults of the field report.",
        "reflow",
        {**REFLOW, "target": "repadded", "loss_dims": "valid", "noise_dims": "valid"},
        {"target": "teacher", "loss_dims": "all", "noise_dims": "all"},
        STATE,
    ),
    "reflow-one-step": Fault(
        "A student that has hardly learnt to go straight takes one Euler step.",
        "reflow",
        {**REFLOW, "steps": 30, "euler_steps": 1},
        {"euler_steps": 10},
        STATE,
    ),
}  # fmt: skip
