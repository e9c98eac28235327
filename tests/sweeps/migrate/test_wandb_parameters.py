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
            {"quniform": [0.0, 1, 0.5]},
        ),
        ({"distribution": "q_uniform", "min": 0.5, "max": 8.5, "q": 1}, {"qrandint": [1, 8, 1]}),
        ({"distribution": "q_uniform", "min": 1, "max": 10, "q": 4}, {"qrandint": [0, 8, 4]}),
        (
            {"distribution": "q_log_uniform_values", "min": 10.0, "max": 1000.0, "q": 10},
            {"qlograndint": [10, 1000, 10]},
        ),
    ],
)
def test_distributions(asked: dict[str, Any], expected: dict[str, Any]) -> None:
    """The ends and types are those of 3000 samples of the package `sweeps` 0.3.0."""
    assert domain(asked) == expected
    parse_domain(expected)


@pytest.mark.parametrize(
    ("asked", "values"),
    [
        ({"min": 1, "max": 3}, [1, 2, 3]),
        ({"distribution": "q_uniform", "min": 8, "max": 32, "q": 8}, [8, 16, 24]),
        ({"distribution": "q_uniform", "min": 0.1, "max": 0.5, "q": 0.2}, [0.1, 0.3]),
    ],
)
def test_a_grid_lists_what_wandbs_grid_lists(asked: dict[str, Any], values: list[Any]) -> None:
    assert parameters_of({"a": asked}, grid=True).space == {"a": {"choice": values}}


def test_a_grid_takes_no_range_without_steps() -> None:
    assert parameters_of({"a": {"min": 0.0, "max": 1.0}}, grid=True).space["a"] == {
        "uniform": [0.0, 1.0]
    }
    assert "more than 1000" in str(
        parameters_of({"a": {"min": 1, "max": 9999}}, grid=True).problems
    )


def test_a_search_by_logarithm_says_that_it_leaves_out_zero() -> None:
    asked = {"distribution": "q_log_uniform_values", "min": 1, "max": 100, "q": 4}
    found = parameters_of({"a": asked})
    assert found.space["a"] == {"qlograndint": [4, 100, 4]}
    assert "never 0" in found.notes[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"min": 1, "max": 4, "q": 2}, "q is of the q_ distributions"),
        ({"min": 1, "max": 4, "priority": 2}, "priority has no counterpart"),
        ({"values": 5}, "values is a list of at least one, got 5"),
        ({"values": []}, "values is a list"),
        ({"distribution": "q_normal", "mu": 8, "sigma": 2, "q": 1}, "whole q"),
    ],
)
def test_what_would_be_dropped_is_refused(given: dict[str, Any], said: str) -> None:
    assert said in str(parameters_of({"a": given}).problems[0])


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
