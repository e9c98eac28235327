"""The distributions of a Weights & Biases sweep as domains of a spec."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ilsweep.sweeps.migrate.wandb_parameters import NoCounterpartError, domain, parameters_of
from ilsweep.sweeps.spec.domain_form import parse_domain


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"values": [1, 1, "a"]}, {"choice": [1, "a"]}),
        ({"min": 1, "max": 4}, {"randint": [1, 5]}),
        ({"min": 1, "max": 4.5}, {"uniform": [1.0, 4.5]}),
        ({"distribution": "log_uniform", "min": -2, "max": 0}, {"loguniform": [math.exp(-2), 1.0]}),
        ({"distribution": "normal", "mu": 1, "sigma": 2}, {"randn": [1, 2]}),
        (
            {"distribution": "q_log_uniform_values", "min": 32, "max": 256, "q": 8},
            {"qlograndint": [32, 256, 8]},
        ),
        ({"distribution": "q_uniform", "min": 3, "max": 21, "q": 5}, {"qrandint": [5, 20, 5]}),
        ({"distribution": "q_uniform", "min": 0, "max": 9}, {"qrandint": [0, 9, 1]}),
        (
            {"distribution": "q_uniform", "min": 0.1, "max": 1, "q": 0.5},
            {"quniform": [0.5, 1, 0.5]},
        ),
    ],
)
def test_distributions(asked: dict[str, Any], expected: dict[str, Any]) -> None:
    assert domain(asked) == expected
    parse_domain(expected)


def test_a_distribution_without_counterpart() -> None:
    with pytest.raises(NoCounterpartError):
        domain({"distribution": "inv_log_uniform", "min": 1, "max": 2})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"distribution": "log_uniform", "min": 32, "max": 4096}, "log_uniform_values"),
        ({"distribution": "log_uniform", "min": -4096, "max": 0}, "log_uniform_values"),
        ({"distribution": "q_log_uniform", "min": 0, "max": 1000}, "q_log_uniform_values"),
        ({"min": 0.0, "max": math.inf}, "finite"),
        ({"min": math.nan, "max": 1.0}, "finite"),
        ({"distribution": "q_uniform", "min": 0, "max": 10**400}, "finite"),
        ({"distribution": "q_uniform", "min": 0, "max": 1e300, "q": 1e-300}, "too small"),
        ({"distribution": "q_uniform", "min": 0, "max": 1, "q": math.inf}, "q must be"),
        ({"distribution": "normal", "mu": "a"}, "finite"),
    ],
)
def test_bounds_beyond_all_numbers(given: dict[str, Any], said: str) -> None:
    with pytest.raises(NoCounterpartError, match=said):
        domain(given)


def test_nested_probabilities() -> None:
    found = parameters_of({"lr": {"values": [1, 2], "probabilities": [[0.5], [0.5, 1]]}})
    assert "probabilities" in str(found.problems[0])
