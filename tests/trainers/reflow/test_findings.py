"""Planted faults of a reflow and the findings that must follow, from what a real training logs."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from ilsweep.analysis.findings.registry import diagnose
from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.reflow.config import ReflowConfig
from ilsweep.trainers.reflow.trainer import Reflow
from tests.analysis.strategies import trial
from tests.trainers.reflow.test_trainer import TINY
from tests.trainers.tiny import tiny_demonstrations

PARAMS: dict[str, Any] = {
    **TINY,
    "dim": 32,
    "batch_size": 32,
    "teacher_steps": 300,
    "teacher_lr": 5e-3,
    "teacher_euler_steps": 5,
    "euler_steps": 5,
    "lr": 2e-3,
    "student": "teacher",
    "steps": 100,
}
OF_PADDING = {"padding_leak", "noise_mismatch", "untrained_dims", "ode_drift", "train_test_gap"}


@cache
def demonstrations() -> Demonstrations:
    return tiny_demonstrations(episodes=16, observation="state")


@cache
def taught() -> Reflow:
    """A trainer whose teacher is made."""
    trainer = Reflow(ReflowConfig(**PARAMS), demonstrations(), seed=0)
    trainer.teach()
    return trainer


def trained(**knobs: Any) -> tuple[Reflow, Metrics]:
    """A student of that teacher, and what its probes found."""
    trainer = Reflow(ReflowConfig(**{**PARAMS, **knobs}), demonstrations(), seed=0)
    trainer.teacher.load_state_dict(taught().teacher.state_dict())
    trainer.teacher_loss = taught().teacher_loss
    if trainer.config.student == "teacher":
        trainer.net.load_state_dict(trainer.teacher.state_dict())
    for _ in range(trainer.config.steps):
        trainer.train_step()
    return trainer, trainer.probe()


def found_in(metrics: Metrics, params: dict[str, Any]) -> set[str]:
    record = trial(metrics, params=params)
    return {finding.id for finding in diagnose(record, resolve({}))} & OF_PADDING


@cache
def healthy() -> tuple[Reflow, Metrics]:
    return trained()


def test_nothing_is_said_of_the_combination_that_is_consistent() -> None:
    assert found_in(healthy()[1], PARAMS) == set()


def test_nothing_is_said_where_the_padding_is_left_out_everywhere() -> None:
    """Noise over the valid dimensions in training and at test time, and a loss over all."""
    knobs = {"noise_dims": "valid", "infer_noise_dims": "valid"}
    assert found_in(trained(**knobs)[1], {**PARAMS, **knobs}) == set()


@pytest.mark.parametrize(
    ("finding", "knobs"),
    [
        ("padding_leak", {"target": "repadded"}),
        ("noise_mismatch", {"noise_dims": "valid"}),
        ("untrained_dims", {"loss_dims": "valid", "student": "scratch"}),
        ("train_test_gap", {"noise_dims": "valid", "student": "scratch", "steps": 300}),
    ],
)
def test_a_planted_fault_is_found(finding: str, knobs: dict[str, Any]) -> None:
    assert finding in found_in(trained(**knobs)[1], {**PARAMS, **knobs})


def test_the_findings_of_the_notes_script() -> None:
    """Target padded again, loss and noise over the valid dimensions: three faults at once."""
    knobs = {"target": "repadded", "loss_dims": "valid", "noise_dims": "valid"}
    _, metrics = trained(**knobs)
    assert {"padding_leak", "noise_mismatch", "untrained_dims"} <= found_in(metrics, knobs)
    assert metrics["probe/padding_gradient_share"] == 0.0
    assert metrics["probe/noise_std_train"] == 0.0
    assert metrics["probe/noise_std_infer"] == pytest.approx(1.0, abs=0.05)
    assert metrics["probe/padding_target_error"] == pytest.approx(
        metrics["probe/padding_teacher"], rel=1e-4
    )


def test_the_error_over_all_dimensions_is_that_of_the_padding_shared_out() -> None:
    _, metrics = trained(target="repadded", steps=1)
    share = 18 / 32
    assert metrics["probe/padding_target_error_all"] == pytest.approx(
        share * metrics["probe/padding_target_error"], rel=1e-5
    )
    assert metrics["probe/padding_target_error_max"] == metrics["probe/padding_teacher_max"]


def test_a_student_that_is_its_teacher_ends_where_it_does() -> None:
    """Before the first step only the number of Euler steps can differ."""
    trainer, metrics = trained(lr=1e-12, steps=1)
    assert trainer.config.euler_steps == trainer.config.teacher_euler_steps
    assert metrics["probe/endpoint_error"] == pytest.approx(0, abs=1e-4)
    assert metrics["probe/endpoint_error/5"] == metrics["probe/endpoint_error"]
    assert metrics["probe/endpoint_error/1"] > 0.01
    assert metrics["probe/straightness"] == pytest.approx(
        metrics["probe/teacher_straightness"], rel=1e-3
    )
    assert metrics["probe/padding_velocity_change"] == pytest.approx(0, abs=1e-4)


def test_velocity_and_test_error_are_one_quantity() -> None:
    _, metrics = healthy()
    assert metrics["probe/test_over_train"] == pytest.approx(
        metrics["probe/test_error"] / metrics["probe/train_error"], rel=1e-6
    )
    assert metrics["probe/velocity_error"] < metrics["probe/teacher_velocity_error"]


def test_noise_that_inference_does_not_draw_in_the_padding_has_no_influence() -> None:
    _, metrics = trained(noise_dims="valid", infer_noise_dims="valid", steps=1)
    assert metrics["probe/padding_influence"] == 0.0
    assert metrics["probe/noise_std_infer"] == 0.0
