"""In gym-aloha: a training error that fell, and what the robot then does.

Positions spread by 6 cm there, so that decimetres, not the note's centimetres, have the size of the
other groups.
"""

from __future__ import annotations

from benchmarks.faults import act, bc, rdt
from benchmarks.faults.case import Case, healthy, planted
from ilsweep.trainers.envs.aloha.config import DataConfig

ONE = DataConfig(episodes=2, observation="state", holdout=0.5)
SOME = DataConfig(episodes=8, observation="state")
MANY = DataConfig(episodes=50, observation="state")

CASES: tuple[Case, ...] = (
    healthy(
        "robot-act",
        "Fifty demonstrations, and the pose of the cube is seen.",
        frozenset({"loss_behaviour_contradiction"}),
        trainer="act",
        params={
            **act.SMALL,
            "dim": 64,
            "heads": 4,
            "feedforward": 128,
            "chunk_size": 20,
            "batch_size": 32,
            "kl_weight": 0.1,
            "steps": 2400,
            "log_every": 100,
            "eval_every": 800,
            "rollouts": 20,
        },
        data=MANY,
    ),
    planted(
        "robot-bc-one",
        "One demonstration: the error falls to nothing, and the cube lies elsewhere.",
        "loss_behaviour_contradiction",
        trainer="bc",
        params={
            **bc.SMALL,
            "hidden_dims": [256, 256],
            "std_min": 0.3,  # a likelihood with small deviations leaves errors of 10 % standing
            "batch_size": 32,
            "steps": 2000,
            "rollouts": 10,
        },
        data=ONE,
        seeds=15,
    ),
    planted(
        "robot-rdt-no-inverse",
        "End-effector positions in decimetres, executed as if they were metres.",
        "loss_behaviour_contradiction",
        "scale_mismatch",
        "position_saturation",
        trainer="rdt",
        params={
            **rdt.SMALL,
            "chunk_size": 16,
            "execute_steps": 8,
            "position_scale": 10.0,
            "inverse_scale": False,
            "rollouts": 10,
        },
        data=SOME,
    ),
    healthy(
        "robot-rdt",
        "The same, scaled back.",
        frozenset({"scale_mismatch", "position_saturation", "unit_imbalance"}),
        trainer="rdt",
        params={**rdt.SMALL, "chunk_size": 16, "execute_steps": 8, "position_scale": 10.0},
        data=SOME,
    ),
)
