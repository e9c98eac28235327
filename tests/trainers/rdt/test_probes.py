"""What the probes of RDT measure, in physical units, and what the rules conclude from it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.analysis.findings.registry import diagnose
from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.records.model import read_trial
from ilsweep.analysis.records.paths import TrialPaths
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.envs.aloha.layout import EE_ACTION, EE_POSE
from ilsweep.trainers.rdt.probes import (
    errors,
    executed,
    loss_scales,
    ranges,
    roundtrip,
    tool_errors,
)
from ilsweep.trainers.rdt.trainer import RDT
from tests.trainers.rdt.tiny import GRIPPERS, build, tiny_data, trained


def scales(trainer: RDT) -> dict[str, float]:
    return loss_scales(trainer, trainer.preprocessor, trainer.weights, trainer.output_gradient)


def test_errors_by_group_are_in_physical_units() -> None:
    trainer = build()
    sample = trainer.held_out()
    wrong = sample.actions.copy()
    wrong[..., 0] += 0.003  # left x
    wrong[..., 2] += 0.004  # left z
    wrong[..., GRIPPERS] += 0.05
    half = np.radians(10) / 2
    for first in (3, 11):  # turned by ten degrees about the hand's own x
        w, x, y, z = np.moveaxis(sample.actions[..., first : first + 4], -1, 0)
        c, s = np.cos(half), np.sin(half)
        wrong[..., first : first + 4] = np.stack(
            [w * c - x * s, x * c + w * s, y * c + z * s, z * c - y * s], axis=-1
        )
    wrong[sample.pad] = 77.0
    found = errors(trainer.preprocessor.space, sample, wrong)
    assert found["probe/error/position_mm"] == pytest.approx(5.0 / 2, rel=1e-3)  # one arm of two
    assert found["probe/error/rotation_deg"] == pytest.approx(10.0, rel=1e-2)
    assert found["probe/error/gripper_pct"] == pytest.approx(5.0, rel=1e-3)


def test_joint_errors_are_degrees() -> None:
    trainer = build(control="joint")
    sample = trainer.held_out()
    found = errors(trainer.preprocessor.space, sample, sample.actions + np.float32(np.radians(2.0)))
    assert found["probe/error/joints_deg"] == pytest.approx(2.0, rel=1e-3)
    assert set(found) & {"probe/error/position_mm", "probe/error/rotation_deg"} == set()


def test_joints_have_their_tools_errors_by_forward_kinematics() -> None:
    sample = build(control="joint").held_out()
    assert max(tool_errors(sample, sample.actions).values()) < 1e-4
    wrong = sample.actions.copy()
    wrong[..., 5] += np.radians(10)  # the left wrist turns the tool about (nearly) its own axis
    wrong[sample.pad] = 77.0
    found = tool_errors(sample, wrong)
    assert found["probe/error/rotation_deg"] == pytest.approx(10.0 / 2, rel=1e-3)
    assert 0 < found["probe/error/position_mm"] < 0.3
    wrong = sample.actions.copy()
    wrong[..., 0] += np.radians(10)  # the waist turns the arm about the vertical
    found = tool_errors(sample, wrong)
    assert found["probe/error/rotation_deg"] == pytest.approx(10.0 / 2, rel=1e-3)
    assert found["probe/error/position_mm"] > 10


def test_only_what_is_executed_and_exists_is_looked_at() -> None:
    sample = build().held_out()
    made = executed(sample, sample.actions, 4)
    assert len(made) == int((~sample.pad[:, :4]).sum())
    assert sample.pad[:, :4].any()


def test_group_scales_follow_the_scale_and_the_weight() -> None:
    plain = scales(build())
    scaled = scales(build(position_scale=100.0))
    weighted = scales(build(loss_weights={"position": 1e4}))
    for found in (plain, scaled, weighted):
        shares = [value for name, value in found.items() if "gradient_share" in name]
        assert sum(shares) == pytest.approx(1.0)
    std = "probe/group_std/position"
    assert scaled[std] == pytest.approx(100 * plain[std], rel=1e-4)
    assert weighted[std] == pytest.approx(100 * plain[std], rel=1e-4)
    assert scaled["probe/group_std/rotation"] == plain["probe/group_std/rotation"]
    share = "probe/gradient_share/position"
    assert scaled[share] > 0.9 > 0.1 > plain[share]
    assert scales(build(position_scale=0.01))[share] < 1e-6


def on_a_rail() -> Demonstrations:
    """One number of the six positions moves; both grippers stay closed, at zero."""
    data = tiny_data()
    features = dict(data.source.features)
    for key in (EE_POSE, EE_ACTION):
        poses = np.array(features[key])
        poses[:, [1, 2, 8, 9, 10]] = 0.25
        poses[:, GRIPPERS] = 0.0
        features[key] = poses
    return replace(data, source=replace(data.source, features=features))


def test_numbers_that_do_not_move_have_no_scale_and_no_range() -> None:
    """Five of six positions that stand still were a critical mismatch, and grippers that stay at
    zero were divided by."""
    trainer = build(on_a_rail())
    sample, space = trainer.held_out(), trainer.preprocessor.space
    found = roundtrip(trainer.preprocessor, sample)
    assert found["probe/executed_scale_ratio"] == pytest.approx(1.0, rel=1e-3)
    wrong = sample.actions.copy()
    wrong[..., [1, 2, 8, 9, 10]] += 0.02
    wrong[..., GRIPPERS] += 0.02
    found = ranges(trainer, space, sample, wrong)
    assert found["probe/out_of_range_share"] == found["probe/clip_share"] == 0
    wrong[..., 0] += 5.0
    found = ranges(trainer, space, sample, wrong)
    assert found["probe/out_of_range_share"] == found["probe/clip_share"] == 1


def findings(folder: Path, trainer: RDT) -> set[str]:
    """What the rules say of a record that holds what this trainer tells of itself."""
    told = {**trainer.train_step(), **trainer.evaluate(), **trainer.probe()}
    line = {"step": trainer.step, **{name: float(value) for name, value in told.items()}}
    config = trainer.config.model_dump(mode="json")
    weights = {f"loss_weights.{name}": w for name, w in config.pop("loss_weights").items()}
    trial = TrialPaths(folder)
    trial.params.write_text(json.dumps({**config, **weights}))
    trial.metrics.write_text(json.dumps(line) + "\n")
    trial.record.write_text(json.dumps({"id": "t", "state": "completed"}))
    return {found.id for found in diagnose(read_trial(trial), resolve({}))}


NOTHING: set[str] = set()


SCALES = {"unit_imbalance", "position_saturation", "scale_mismatch"}


@pytest.mark.parametrize(
    ("params", "present", "absent"),
    [
        ({}, NOTHING, SCALES),
        ({"normalize": "minmax"}, NOTHING, SCALES),
        ({"position_scale": 10.0}, NOTHING, SCALES),
        ({"inverse_scale": False}, NOTHING, SCALES),  # nothing was scaled
        ({"position_scale": 0.01}, {"unit_imbalance"}, {"scale_mismatch"}),
        (
            {"position_scale": 0.01, "loss_weights": {"position": 1e4}},
            NOTHING,
            {"unit_imbalance", "scale_mismatch"},
        ),
        (
            {"position_scale": 10.0, "inverse_scale": False},
            {"scale_mismatch", "position_saturation"},
            NOTHING,
        ),
        ({"normalize": "minmax", "inverse_scale": False}, {"scale_mismatch"}, NOTHING),
        (
            {"normalize": "minmax", "inverse_scale": False, "control": "joint"},
            {"scale_mismatch"},
            NOTHING,
        ),
    ],
)
def test_rules_see_the_fault_and_nothing_where_there_is_none(
    tmp_path: Path, params: dict[str, Any], present: set[str], absent: set[str]
) -> None:
    data = tiny_data(episodes=12, observation="state")
    found = findings(tmp_path, trained(40, data, **params, ema_decay=0.9))
    assert present <= found
    assert not absent & found
