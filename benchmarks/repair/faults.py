"""Specs with one fault each, that somebody who knows would mend by one value.

Those of the made-up world train in seconds, those in simulators in a minute. What mends one
stands here for the comparison alone; no stage is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from benchmarks.faults import act, act_ot, bc, rdt, reflow
from benchmarks.repair import simulated
from benchmarks.repair.fault import Fault, World

MADE_UP = World(
    "made-up",
    {"source": "benchmarks.repair.source:MadeUp", "episodes": 64},
    {"rollouts": 20, "lesions": 5},
)
made_up = partial(Fault, world=MADE_UP)

ACT: Mapping[str, Any] = {**act.SMALL, "steps": 720}
REFLOW: Mapping[str, Any] = {**reflow.SMALL, "teacher_steps": 1500, "steps": 400}
STATE = {"observation": "state"}

FAULTS: Mapping[str, Fault] = {
    "act-frozen": made_up(
        "The backbone's rate is 0.", "act", {**ACT, "lr_backbone": 0.0}, {"lr_backbone": 1e-3}
    ),
    "act-other-pictures": made_up(
        "Images are normalised otherwise at evaluation.",
        "act",
        {**ACT, "image_norm": "unit", "image_norm_eval": "none"},
        {"image_norm_eval": "unit"},
    ),
    "act-kl-zero": made_up(
        "The KL weighs nothing, and the styles differ much.",
        "act",
        {**ACT, "kl_weight": 0.0},
        {"kl_weight": 0.1},
        {**STATE, "style": 0.6},
    ),
    "act-too-short": made_up(
        "Stopped long before it is done.",
        "act",
        {**ACT, "steps": 40},
        {"steps": 720},
        STATE,
    ),
    "act-rate-huge": made_up(
        "The learning rate is 1.", "act", {**ACT, "lr": 1.0}, {"lr": 1e-3}, STATE
    ),
    "act-few": made_up(
        "Four demonstrations.", "act", {**ACT}, {"data.episodes": 64},
        {**STATE, "episodes": 4},
    ),
    "rdt-no-inverse": made_up(
        "Positions in centimetres, executed as if they were metres.",
        "rdt",
        {**rdt.SMALL, "control": "ee", "position_scale": 100.0, "inverse_scale": False},
        {"inverse_scale": True},
        STATE,
    ),
    "rdt-tiny-units": made_up(
        "Positions in tenths of millimetres, which drown the rotation.",
        "rdt",
        {**rdt.SMALL, "control": "ee", "position_scale": 10_000.0},
        {"position_scale": 100.0},
        STATE,
    ),
    "bc-rate-tiny": made_up(
        "The rate is a millionth of what it should be.",
        "bc",
        {**bc.SMALL, "lr": 1e-9},
        {"lr": 1e-3},
        STATE,
    ),
    "bc-too-short": made_up(
        "Stopped long before it is done.", "bc", {**bc.SMALL, "steps": 40}, {"steps": 600}, STATE
    ),
    "reflow-note": made_up(
        "The three faults of the field report.",
        "reflow",
        {**REFLOW, "target": "repadded", "loss_dims": "valid", "noise_dims": "valid"},
        {"target": "teacher", "loss_dims": "all", "noise_dims": "all"},
        STATE,
    ),
    "reflow-one-step": made_up(
        "A student that has hardly learnt to go straight takes one Euler step.",
        "reflow",
        {**REFLOW, "steps": 30, "euler_steps": 1},
        {"euler_steps": 10},
        STATE,
    ),
    # The advice was mended on the faults above; those below were added when it stood.
    "act-rate-tiny": made_up(
        "The rate is a ten-thousandth of what it should be.",
        "act",
        {**ACT, "lr": 1e-7, "lr_backbone": 1e-7},
        {"lr": 1e-3},
        STATE,
    ),
    "bc-rate-large": made_up(
        "The learning rate is 0.3.", "bc", {**bc.SMALL, "lr": 0.3}, {"lr": 1e-3}, STATE
    ),
    "bc-few": made_up(
        "Four demonstrations.", "bc", {**bc.SMALL}, {"data.episodes": 64},
        {**STATE, "episodes": 4},
    ),
    "rdt-too-short": made_up(
        "Stopped long before it is done.",
        "rdt",
        {**rdt.SMALL, "control": "ee", "position_scale": 100.0, "steps": 30},
        {"steps": 400},
        STATE,
    ),
    "rdt-metres": made_up(
        "Positions in metres, which spread a seventieth of what the grippers do.",
        "rdt",
        {**rdt.SMALL, "control": "ee", "position_scale": 1.0},
        {"position_scale": 100.0},
        STATE,
    ),
    "ot-alike": made_up(
        "The transport weighs so much that all embeddings become alike.",
        "act_ot",
        {**ACT, **act_ot.SOUND, "steps": ACT["steps"], "ot.lambda_ot": 30.0},
        {"ot.lambda_ot": 0.001},
        {"domains": ["source", "target"]},
    ),
    **simulated.FAULTS,
}  # fmt: skip
