"""By how much a finding changes a value, from what the record shows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ilsweep.analysis.findings.latent import latent_gap
from ilsweep.analysis.findings.learning import not_learning
from ilsweep.analysis.findings.optimisation import diverged
from ilsweep.analysis.findings.plateau import times_longer
from ilsweep.analysis.findings.progress import overfitting
from ilsweep.analysis.findings.rates import usual_rate
from ilsweep.analysis.findings.rule import Rule
from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.findings.vision import blind_policy
from tests.analysis.strategies import Points, trial


def first(rule: Rule, metrics: dict[str, Points], **params: Any) -> tuple[str, str, Any] | None:
    """What a finding changes first: parameter, operation, value."""
    found = rule(trial(metrics, params=params), resolve({}))
    assert found is not None
    made = found.suggestions[0] if found.suggestions else None
    return (made.param, made.op, made.value) if made else None


@pytest.mark.parametrize(("constants", "times"), [(0.5, 8), (1.0, 4), (2.0, 2), (6.0, 2)])
@pytest.mark.parametrize("points", [12, 200])
def test_an_exponential_fall_is_followed_to_its_end(
    constants: float, times: int, points: int
) -> None:
    going = np.exp(-np.linspace(0, constants, points))
    assert times_longer(trial({"train/loss": list(going)})) == times


def test_a_straight_fall_has_just_begun_and_a_rise_says_nothing() -> None:
    line = np.linspace(1.0, 0.5, 60)
    assert times_longer(trial({"train/loss": list(line)})) == 8
    assert times_longer(trial({"train/loss": list(line[::-1])})) == 2
    assert times_longer(trial({"train/loss": [1.0, 0.5]})) == 2


def test_a_usual_rate_moves_weights_by_about_three_in_all() -> None:
    assert usual_rate(trial(params={"steps": 100_000})) == pytest.approx(3e-5)
    assert usual_rate(trial(params={"steps": 100})) == 1e-3
    assert usual_rate(trial(params={"steps": 10**7})) == 1e-5
    assert math.isnan(usual_rate(trial()))


def test_a_rate_far_from_usual_becomes_usual() -> None:
    flat: dict[str, Points] = {"train/loss": [1.0] * 60}
    assert first(not_learning, flat, lr=1e-9, steps=600) == ("lr", "set", 1e-3)
    assert first(not_learning, flat, lr=0.0, steps=600) == ("lr", "set", 1e-3)
    assert first(not_learning, flat, lr=1e-3, steps=600) is None
    assert first(not_learning, flat, lr=1e-9) is None
    up: dict[str, Points] = {"train/loss": list(np.linspace(1, 50, 60))}
    assert first(diverged, up, lr=1.0, steps=600) == ("lr", "set", 1e-3)
    assert first(diverged, up, lr=3e-3, steps=600) == ("lr", "multiply", 0.3)
    assert first(diverged, up, lr=3e-3) == ("lr", "multiply", 0.3)


def test_a_kl_weight_of_zero_becomes_what_the_latent_brings() -> None:
    gap: dict[str, Points] = {"probe/l1_posterior": [0.1], "probe/l1_zero_latent": [0.35]}
    assert first(latent_gap, gap, kl_weight=0.0) == ("kl_weight", "set", pytest.approx(0.2))
    assert first(latent_gap, gap, kl_weight=1.0) == ("kl_weight", "multiply", 10)


def test_pictures_normalised_in_two_ways_are_mended_before_rates() -> None:
    blind: dict[str, Points] = {"probe/shuffled_action_change": [0.0]}
    two = {"image_norm": "unit", "image_norm_eval": "none", "lr": 1e-3, "lr_backbone": 1e-4}
    assert first(blind_policy, blind, **two) == ("image_norm_eval", "set", "unit")


def test_a_policy_that_succeeds_is_not_told_to_stop_earlier() -> None:
    rises: dict[str, Points] = {
        "eval/offline_eval/avg_l1": [1.0, 0.5, *np.linspace(0.2, 0.8, 30)],
        "train/l1_loss": list(np.linspace(1, 0.1, 32)),
    }

    def changed(**more: Points) -> set[str]:
        found = overfitting(trial({**rises, **more}), resolve({}))
        assert found is not None
        return {suggestion.param for suggestion in found.suggestions}

    assert changed() == {"data.episodes", "steps"}
    assert changed(**{"eval/pc_success": [0.0]}) == {"data.episodes", "steps"}
    assert changed(**{"eval/pc_success": [80.0]}) == {"data.episodes"}
