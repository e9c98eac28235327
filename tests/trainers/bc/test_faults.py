"""Faults planted in behaviour cloning, found in what it reports of itself; healthy runs are not."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.findings.registry import diagnose
from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.trainers.bc.config import BCConfig
from ilsweep.trainers.bc.trainer import BC
from tests.analysis.strategies import trial
from tests.trainers.demonstrations import recorded

REPORT = 10
"""Steps whose mean is a report."""


@cache
def findings(std_min: float, fraction: float, steps: int = 1200) -> dict[str, Finding]:
    """What is found in a run on one demonstration, at a rate that makes it quick."""
    params: dict[str, Any] = {
        "hidden_dims": (64, 64),
        "sampling": "distinct",
        "batch_fraction": fraction,
        "std_min": std_min,
        "lr": 3e-3,
        "steps": steps,
        "replays": 0,
    }
    trainer = BC(BCConfig(**params), recorded(), seed=0)
    steps_seen = [trainer.train_step() for _ in range(steps)]
    curves = {
        name: np.array([float(seen[name]) for seen in steps_seen]).reshape(-1, REPORT).mean(axis=1)
        for name in steps_seen[0]
    }
    record = trial({**curves, **trainer.probe()}, params=params)
    return {finding.id: finding for finding in diagnose(record, resolve({}))}


def test_a_deviation_without_a_floor_makes_the_loss_jump_whatever_the_batch() -> None:
    """Each batch is the whole training set, so that sampling cannot be what makes it jump."""
    found = findings(1e-5, 1.0)["loss_jump"]
    assert found.evidence["cause"] == "deviation"
    assert float(found.evidence["error_rise"]) < 0.25
    assert found.suggestions[0].param == "std_min"


def test_a_floor_under_the_deviation_keeps_the_loss_from_jumping() -> None:
    assert "loss_jump" not in findings(0.05, 1.0)


def test_a_batch_of_everything_is_told_and_a_small_one_is_not() -> None:
    assert "batch_too_large" in findings(0.05, 1.0)
    assert "batch_too_large" not in findings(0.05, 0.15, 100)


def test_one_demonstration_is_remembered() -> None:
    assert "train_test_gap" in findings(0.05, 1.0)
