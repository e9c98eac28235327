"""Domains: the same support as Ray Tune's, raw values that round-trip, mistakes that are named."""

from __future__ import annotations

import json
import math
import time
import warnings
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.sweeps.spec.domain_form import parse_domain
from ilsweep.sweeps.spec.domains import KINDS, DomainError

EXAMPLES: dict[str, list[Any]] = {
    "choice": [1.0, 2.0, "a", None, True],
    "grid_search": [1, 2, 3],
    "uniform": [-1.0, 2.0],
    "quniform": [0.25, 2.0, 0.25],
    "loguniform": [1e-4, 10.0],
    "qloguniform": [0.5, 10.0, 0.5],
    "randint": [0, 7],
    "qrandint": [3, 20, 4],
    "lograndint": [1, 100],
    "qlograndint": [2, 64, 2],
    "randn": [3.0, 0.5],
    "qrandn": [3.0, 2.0, 0.5],
}


def draws(name: str, n: int = 300) -> list[object]:
    domain = parse_domain({name: EXAMPLES[name]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    distribution = domain.distribution()
    return [domain.value(study.ask({"x": distribution}).params["x"]) for _ in range(n)]


def test_every_domain_of_tune_is_here() -> None:
    assert set(EXAMPLES) == set(KINDS)


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"grid_search", "randn", "qrandn"}))
def test_support_agrees_with_tune(name: str) -> None:
    """Everything drawn lies in Tune's domain, and the ends of Tune's draws are reached."""
    from ray import tune

    tuned = getattr(tune, name)
    theirs = tuned(EXAMPLES[name]) if name == "choice" else tuned(*EXAMPLES[name])
    ours = draws(name)
    sample = theirs.sample(size=2000)
    if name == "choice":
        assert set(ours) == set(EXAMPLES[name])
        return
    assert {type(x) for x in ours} == {int if KINDS[name].integer else float}
    numbers = [float(x) for x in ours]  # type: ignore[arg-type]
    step = EXAMPLES[name][-1] if KINDS[name].quantised else 0
    slack = (max(sample) - min(sample)) * 0.05 + step
    # Tune rounds a bound that is no multiple of the step outwards; ours stays inside.
    assert min(sample) - slack <= min(numbers) <= min(sample) + slack
    assert max(sample) - slack <= max(numbers) <= max(sample) + slack
    if step:
        assert all(math.isclose(x / step, round(x / step), abs_tol=1e-9) for x in numbers)


def test_normal_domains_have_their_mean_and_spread() -> None:
    numbers = [float(x) for x in draws("randn", 2000)]  # type: ignore[arg-type]
    mean = sum(numbers) / len(numbers)
    spread = (sum((x - mean) ** 2 for x in numbers) / len(numbers)) ** 0.5
    assert mean == pytest.approx(3.0, abs=0.05)
    assert spread == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_raw_is_the_inverse_of_value(name: str) -> None:
    domain = parse_domain({name: EXAMPLES[name]})
    for value in draws(name, 50):
        back = domain.value(domain.raw(value))
        assert back == pytest.approx(value) if isinstance(value, float) else back == value


def test_one_and_true_are_two_choices() -> None:
    domain = parse_domain({"choice": ["1", 1, 2.5]})
    assert [domain.value(domain.raw(v)) for v in domain.values] == ["1", 1, 2.5]


@pytest.mark.parametrize(
    "values",
    [[1, True], [0, False], [1, 1.0], [[1], "[1]"], ["1", 1], [[1], [True]], [None, "null"]],
)
def test_equal_but_different_values_are_all_drawn_and_come_back(values: list[object]) -> None:
    domain = parse_domain({"choice": values})
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    distribution = domain.distribution()
    drawn = {json.dumps(domain.value(study.ask({"x": distribution}).params["x"]))
             for _ in range(40)}  # fmt: skip
    assert drawn == {json.dumps(value) for value in values}
    for value in values:
        assert json.dumps(domain.value(domain.raw(value))) == json.dumps(value)


@pytest.mark.parametrize(
    "values",
    [[1, 2.5], [3], [-1e-300, 1e300], [2**53 + 1, 1], [1, True], [1, 1.0], ["a", 1], [None, 0.0],
     [[1, 2], [1, 3]]],
)  # fmt: skip
def test_every_point_of_a_grid_is_what_the_list_says(values: list[object]) -> None:
    domain = parse_domain({"grid_search": values})
    study = optuna.create_study()
    for value in values:
        study.enqueue_trial({"x": domain.raw(value)})
        raw = study.ask({"x": domain.grid_distribution()}).params["x"]
        assert json.dumps(domain.value(raw)) == json.dumps(value)


def test_a_number_of_the_list_is_found_however_it_is_written() -> None:
    assert parse_domain({"choice": [1.0, 5.0]}).raw(5) == 5.0
    with pytest.raises(DomainError):
        parse_domain({"choice": [1.0, 5.0]}).raw(True)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_values_are_counted_as_they_are_drawn(name: str) -> None:
    domain = parse_domain({name: EXAMPLES[name]})
    if domain.count is None:
        assert name in ("uniform", "loguniform", "randn")
        return
    values = [domain.nth(i) for i in range(domain.count)]
    assert len(set(map(repr, values))) == domain.count
    assert set(map(repr, draws(name))) <= set(map(repr, values))
    assert [domain.value(domain.raw(value)) for value in values] == values


def test_20_000_choices_are_checked_in_no_time() -> None:
    began = time.process_time()
    domain = parse_domain({"choice": [float(i) for i in range(20_000)]})
    assert domain.raw(19_999.0) == 19_999.0
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ({"choice": ["x", math.nan]}, "finite"),
        ({"choice": [1, [2, {"a": math.inf}]]}, "finite"),
        ({"uniform": [2, 1]}, "below the upper"),
        ({"loguniform": [0, 1]}, "starts above 0"),
        ({"choise": [1]}, "unknown domain"),
        ({"choice": []}, "at least one"),
        ({"choice": [1, 1]}, "twice"),
        ({"uniform": [1]}, "takes 2 numbers"),
        ({"uniform": [0, math.inf]}, "takes 2 numbers"),
        ({"randint": [0.5, 2]}, "whole numbers"),
        ({"randn": [0, -1]}, "standard deviation"),
        ({"quniform": [0.1, 0.2, 5]}, "no multiple"),
        ({"quniform": [0.1, 1, 0.25]}, "multiples of q"),
        ({"quniform": [0, 1, 0]}, "must be above 0"),
        ([1, 2], "one domain"),
        ({"uniform": [0, 1], "choice": [1]}, "one domain"),
        (3, "one domain"),
    ],
)
def test_an_impossible_domain_is_refused_by_its_rule(text: object, rule: str) -> None:
    with pytest.raises(DomainError, match=rule):
        parse_domain(text)


@given(
    st.sampled_from(sorted(KINDS)),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=5,
    ),
)
def test_any_arguments_give_a_domain_or_a_named_mistake(name: str, args: object) -> None:
    try:
        domain = parse_domain({name: args})
    except DomainError as error:
        assert error.rule
        assert error.valid
    else:
        assert domain.extremes()
