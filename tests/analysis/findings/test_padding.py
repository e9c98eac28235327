"""What the rules on padded dimensions and integrated flows suggest, and when they do not."""

from __future__ import annotations

from typing import Any

import pytest

from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.findings.padding import (
    noise_mismatch,
    ode_drift,
    padding_leak,
    untrained_dims,
)
from ilsweep.analysis.findings.rule import Rule
from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.records.model import TrialRecord
from tests.analysis.strategies import trial

LIMITS = resolve({})


def changes(rule: Rule, record: TrialRecord) -> dict[str, Any]:
    found = rule(record, LIMITS)
    assert isinstance(found, Finding)
    return {suggestion.param: suggestion.value for suggestion in found.suggestions}


@pytest.mark.parametrize(
    ("train", "infer", "expected"),
    [
        (0.0, 1.0, {"noise_dims": "all", "infer_noise_dims": "valid"}),
        (1.0, 0.0, {"noise_dims": "valid", "infer_noise_dims": "all"}),
    ],
)
def test_either_noise_may_be_made_like_the_other(
    train: float, infer: float, expected: dict[str, str]
) -> None:
    record = trial({"probe/noise_std_train": train, "probe/noise_std_infer": infer})
    assert changes(noise_mismatch, record) == expected


def drifting(errors: dict[int, float]) -> TrialRecord:
    by_steps = {f"probe/endpoint_error/{n}": error for n, error in errors.items()}
    return trial({"probe/velocity_error": 0.05, "probe/endpoint_error": 0.3, **by_steps})


def test_more_euler_steps_are_suggested_where_they_help() -> None:
    assert changes(ode_drift, drifting({1: 0.9, 2: 0.7, 5: 0.5, 10: 0.3}))["euler_steps"] == 2
    assert changes(ode_drift, drifting({}))["euler_steps"] == 2
    assert changes(ode_drift, drifting({1: 0.3, 2: 0.1, 5: 0.05, 10: 0.048}))["euler_steps"] == 5


def test_more_euler_steps_are_not_suggested_where_they_were_measured_to_change_nothing() -> None:
    """10 comes after 5, not after 1."""
    assert "euler_steps" not in changes(ode_drift, drifting({1: 0.9, 2: 0.4, 5: 0.31, 10: 0.3}))


def test_the_leak_is_told_with_what_the_loss_can_see_of_it() -> None:
    found = padding_leak(trial({"probe/padding_target_error": 0.0075}), LIMITS)
    assert found is not None
    assert "another input" in found.explanation.en
    assert "输入" in found.explanation.zh


def test_a_gradient_or_no_influence_clears_the_padding() -> None:
    share, influence = "probe/padding_gradient_share", "probe/padding_influence"
    assert untrained_dims(trial({share: 0.0, influence: 0.05}), LIMITS) is not None
    assert untrained_dims(trial({share: 0.4, influence: 0.05}), LIMITS) is None
    assert untrained_dims(trial({share: 0.0, influence: 0.0}), LIMITS) is None
