"""Unbalanced transport against closed forms and an independent log-domain iteration."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import logsumexp

from ilsweep.trainers.act.transport import Plan, unbalanced_plan

Array = NDArray[np.float64]


def fixed_point(cost: Array, reg: float, tau_src: float, tau_tgt: float, log_prior: Array) -> Array:
    """The plan by alternating steps on the dual, in the log domain (Chizat et al. 2018)."""
    log_a, log_b = (np.full(n, -math.log(n)) for n in cost.shape)
    kernel = log_prior - cost / reg
    u, v = np.zeros(cost.shape[0]), np.zeros(cost.shape[1])
    for _ in range(300):
        u = tau_src / (tau_src + reg) * (log_a - logsumexp(kernel + v[None], axis=1))
        v = tau_tgt / (tau_tgt + reg) * (log_b - logsumexp(kernel + u[:, None], axis=0))
    return np.asarray(np.exp(kernel + u[:, None] + v[None]))


def objective(plan: Array, cost: Array, reg: float, tau_src: float, tau_tgt: float) -> float:
    """What the plan minimises, written down from the definition."""

    def kl(p: Array, q: Array) -> float:
        return float((p * np.log(p / q) - p + q).sum())

    a, b = (np.full(n, 1 / n) for n in cost.shape)
    marginals = tau_src * kl(plan.sum(1), a) + tau_tgt * kl(plan.sum(0), b)
    return float((plan * cost).sum()) + reg * kl(plan, np.outer(a, b)) + marginals


def _cost(rows: int, columns: int, scale: float, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(0, scale, (rows, columns))


@pytest.mark.parametrize(("tau_src", "tau_tgt"), [(10.0, 10.0), (1.0, 5.0), (0.3, 40.0)])
@pytest.mark.parametrize("reg", [0.5, 2.0])
def test_plan_equals_the_log_domain_fixed_point(reg: float, tau_src: float, tau_tgt: float) -> None:
    cost = _cost(6, 4, 8.0)
    plan = unbalanced_plan(cost, reg=reg, tau_src=tau_src, tau_tgt=tau_tgt)
    log_prior = np.full(cost.shape, -math.log(cost.size))
    expected = fixed_point(cost, reg, tau_src, tau_tgt, log_prior)
    np.testing.assert_allclose(plan.matrix, expected, rtol=1e-4, atol=1e-9)
    assert plan.converged
    assert plan.iterations > 1


def test_no_nearby_plan_is_better() -> None:
    cost = _cost(5, 5, 4.0)
    best = unbalanced_plan(cost, reg=1.0, tau_src=3.0, tau_tgt=2.0).matrix
    reached = objective(best, cost, 1.0, 3.0, 2.0)
    rng = np.random.default_rng(1)
    for _ in range(50):
        other = best * np.exp(0.05 * rng.standard_normal(best.shape))
        assert objective(other, cost, 1.0, 3.0, 2.0) > reached


@pytest.mark.parametrize("cost", [0.0, 1.0, 30.0])
def test_one_sample_a_side_has_a_closed_form(cost: float) -> None:
    # cost + (reg + tau_src + tau_tgt) log p = 0
    plan = unbalanced_plan(np.array([[cost]]), reg=2.0, tau_src=10.0, tau_tgt=4.0)
    assert plan.mass == pytest.approx(math.exp(-cost / 16.0), rel=1e-4)


def test_infinite_tau_gives_balanced_marginals() -> None:
    plan = unbalanced_plan(_cost(6, 6, 1.0), reg=0.3, tau_src=math.inf, tau_tgt=math.inf)
    assert plan.mass == pytest.approx(1.0, abs=1e-5)
    assert plan.marginal_violation < 1e-4


def test_mass_grows_with_tau_and_falls_with_the_cost() -> None:
    cost = _cost(8, 8, 20.0)
    by_tau = [unbalanced_plan(cost, reg=2.0, tau_src=t, tau_tgt=t).mass for t in (1, 5, 10, 50)]
    by_scale = [
        unbalanced_plan(cost * s, reg=2.0, tau_src=10.0, tau_tgt=10.0).mass for s in (0, 1, 5, 50)
    ]
    assert by_tau == sorted(by_tau)
    assert by_scale == sorted(by_scale, reverse=True)
    assert by_scale[0] == pytest.approx(1.0)


def test_a_diagonal_prior_gives_a_diagonal_plan_in_closed_form() -> None:
    cost = _cost(8, 8, 30.0)
    plan = unbalanced_plan(cost, reg=2.0, tau_src=10.0, tau_tgt=10.0, diagonal_prior=True)
    np.testing.assert_allclose(plan.matrix, np.diag(np.exp(-np.diag(cost) / 22.0) / 8), rtol=1e-4)
    assert plan.off_diagonal_share == 0.0
    assert plan.diagonal == pytest.approx(plan.mass)


def test_without_the_prior_a_permutation_is_found() -> None:
    order = np.array([2, 0, 3, 1])
    cost = np.full((4, 4), 9.0)
    cost[np.arange(4), order] = 0.0
    plan = unbalanced_plan(cost, reg=0.5, tau_src=10.0, tau_tgt=10.0)
    assert (plan.matrix.argmax(axis=1) == order).all()
    assert plan.off_diagonal_share > 0.99


def test_underflow_is_shown_not_raised() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plan = unbalanced_plan(_cost(8, 8, 1.0) + 1e6, reg=2.0, tau_src=10.0, tau_tgt=10.0)
    assert not plan.converged
    assert plan.mass == 0.0
    assert plan.off_diagonal_share == 0.0
    assert plan.marginal_violation == pytest.approx(1.0)


def test_a_cost_that_is_not_finite_gives_a_plan_that_is_not() -> None:
    plan = unbalanced_plan(np.full((3, 3), np.nan), reg=2.0, tau_src=10.0, tau_tgt=10.0)
    assert not plan.converged
    assert math.isnan(plan.mass)
    assert math.isnan(plan.off_diagonal_share)


def test_too_few_iterations_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ilsweep.trainers.act.transport.MAX_ITERATIONS", 2)
    plan = unbalanced_plan(_cost(8, 8, 20.0), reg=0.2, tau_src=50.0, tau_tgt=50.0)
    assert (plan.converged, plan.iterations) == (False, 2)


def test_a_diagonal_prior_needs_a_square_cost() -> None:
    with pytest.raises(ValueError, match="square cost, got 2 x 3"):
        unbalanced_plan(np.zeros((2, 3)), reg=1.0, tau_src=1.0, tau_tgt=1.0, diagonal_prior=True)


def test_marginal_violation_of_a_known_plan() -> None:
    plan = Plan(np.array([[0.5, 0.0], [0.0, 0.0]]), converged=True, iterations=1)
    assert plan.marginal_violation == pytest.approx(0.5)
    assert Plan(np.full((2, 4), 1 / 8), converged=True, iterations=1).marginal_violation == 0.0
