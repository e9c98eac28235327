"""The distributions of a Weights & Biases sweep as domains of a spec."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ilsweep.sweeps.migrate.wandb_parameters import NoCounterpartError, domain
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
