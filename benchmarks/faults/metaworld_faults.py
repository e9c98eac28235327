"""Faults in two tasks of Meta-World, seen as numbers."""

from __future__ import annotations

from typing import Any

from benchmarks.faults.case import Case, planted
from benchmarks.faults.metaworld import DIAL, LOCK, TASKS, Task

NOTHING: dict[str, Any] = {"rollouts": 0}
SHORT_REFLOW: dict[str, Any] = {**NOTHING, "teacher_steps": 300, "dim": 32}
"""Enough for a fault that no success must show."""


def _of_bc(task: Task) -> tuple[Case, ...]:
    name = f"{task.prefix}-bc"
    return (
        planted(
            f"{name}-rate-tiny",
            "The rate is a millionth of what it should be.",
            "not_learning",
            **task.bc(lr=1e-9, steps=400),
            fails=True,
        ),
        planted(
            f"{name}-rate-ended",
            "The rate falls to a thousandth after a fifth of the training.",
            "schedule_ended",
            **task.bc(lr_schedule="step", lr_step_at=0.2, lr_step_factor=1e-3, **NOTHING),
        ),
        planted(
            f"{name}-one",
            "One demonstration: what is to be moved stands elsewhere. A batch is most of it.",
            "train_test_gap",
            "batch_too_large",
            **task.bc(task.data(episodes=2)),
            fails=True,
        ),
        planted(
            f"{name}-whole-batch",
            "A batch is all of the data.",
            "batch_too_large",
            **task.bc(batch_fraction=1.0, steps=40, **NOTHING),
        ),
        planted(
            f"{name}-rate-breaks",
            "The learning rate rises three thousandfold halfway.",
            "diverged",
            **task.bc(lr_schedule="step", lr_step_factor=3000.0, steps=400, **NOTHING),
        ),
        planted(
            f"{name}-rate-jumps",
            "The learning rate rises thirtyfold halfway.",
            "exploding_gradient",
            **task.bc(lr_schedule="step", lr_step_factor=30.0, steps=400, **NOTHING, log_every=2),
        ),
        planted(
            f"{name}-too-short",
            "Stopped long before it is done.",
            "still_improving",
            clean=frozenset({"plateau"}),
            **task.bc(
                lr=1e-4, lr_schedule="constant", steps=120, eval_every=2, log_every=2, **NOTHING
            ),
            seeds=10,
        ),
    )


def _of_others(task: Task) -> tuple[Case, ...]:
    name = task.prefix
    return (
        planted(
            f"{name}-act-slow-loading",
            "Every batch takes 50 ms to load.",
            "data_bound",
            **task.act(task.data(wait_s=0.05), steps=40, **NOTHING),
        ),
        planted(
            f"{name}-act-kl-huge",
            "The KL weighs a thousand.",
            "posterior_collapse",
            **task.act(kl_weight=1000.0, steps=400, **NOTHING),
        ),
        planted(
            f"{name}-act-rate-huge",
            "The learning rate is 1.",
            "diverged",
            **task.act(lr=1.0, lr_schedule="constant", steps=120, **NOTHING, log_every=1),
        ),
        planted(
            f"{name}-rdt-no-inverse",
            "Changes of position tenfold, executed as they are.",
            "scale_mismatch",
            "position_saturation",
            *(["loss_behaviour_contradiction"] if task is LOCK else []),
            **task.rdt(normalize="none", position_scale=10.0, inverse_scale=False, steps=300),
            fails=True,  # in dial-turn a hand that is waved about hits the dial now and then
            seeds=10 if task is LOCK else 5,
        ),
        planted(
            f"{name}-reflow-note",
            "All three faults of the padding.",
            "noise_mismatch",
            "padding_leak",
            "untrained_dims",
            **task.reflow(**SHORT_REFLOW, target="repadded", noise_dims="valid", loss_dims="valid"),
        ),
    )


CASES: tuple[Case, ...] = (
    *(case for task in TASKS for of in (_of_bc, _of_others) for case in of(task)),
    planted(
        "dial-reflow-one-step",
        "A single Euler step along paths that are not straight enough for it.",
        "ode_drift",
        **DIAL.reflow(**NOTHING, teacher_steps=1000, euler_steps=1),
    ),
)
