"""Losses against independent computations."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence

from ilsweep.trainers.training.losses import (
    kl_per_dimension,
    kl_to_standard_normal,
    masked_l1,
    pairwise_chunk_cost,
    pairwise_squared_l2,
)


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_kl_equals_that_of_torch_distributions() -> None:
    mu, logvar = _random(7, 5), _random(7, 5, seed=1)
    posterior, prior = Normal(mu, (0.5 * logvar).exp()), Normal(0.0, 1.0)
    expected = kl_divergence(posterior, prior)
    torch.testing.assert_close(kl_per_dimension(mu, logvar), expected)
    torch.testing.assert_close(kl_to_standard_normal(mu, logvar), expected.sum(dim=1).mean())


def test_kl_vanishes_only_at_the_prior() -> None:
    zeros = torch.zeros(3, 4)
    assert kl_to_standard_normal(zeros, zeros) == 0.0
    assert kl_to_standard_normal(zeros + 0.1, zeros) > 0.0
    assert kl_to_standard_normal(zeros, zeros - 0.1) > 0.0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=5), st.integers(0, 1000))
def test_masked_l1_equals_a_loop_over_the_valid_steps(lengths: list[int], seed: int) -> None:
    batch, steps, dims = len(lengths), 5, 3
    predicted, target = _random(batch, steps, dims, seed=seed), _random(batch, steps, dims, seed=7)
    pad = torch.arange(steps) >= torch.tensor(lengths)[:, None]
    total, count = 0.0, 0
    for sample, length in enumerate(lengths):
        for step in range(length):
            for dim in range(dims):
                total += abs(float(predicted[sample, step, dim] - target[sample, step, dim]))
                count += 1
    expected = total / count if count else 0.0
    assert float(masked_l1(predicted, target, pad)) == pytest.approx(expected)


def test_padded_steps_get_no_gradient() -> None:
    predicted = _random(2, 4, 3).requires_grad_()
    pad = torch.tensor([[False, False, True, True], [False, True, True, True]])
    masked_l1(predicted, _random(2, 4, 3, seed=1), pad).backward()
    assert predicted.grad is not None
    assert (predicted.grad[pad] == 0).all()
    assert (predicted.grad[~pad] != 0).all()


def test_pairwise_distance_equals_a_loop() -> None:
    x, y = _random(4, 6), _random(3, 6, seed=1)
    found = pairwise_squared_l2(x, y)
    for i in range(4):
        for j in range(3):
            assert float(found[i, j]) == pytest.approx(float(torch.dist(x[i], y[j])) ** 2)


def test_chunk_cost_is_the_squared_distance_where_nothing_is_padded() -> None:
    x, y = _random(4, 5, 2), _random(3, 5, 2, seed=1)
    none_x, none_y = torch.zeros(4, 5, dtype=torch.bool), torch.zeros(3, 5, dtype=torch.bool)
    expected = pairwise_squared_l2(x.flatten(1), y.flatten(1))
    torch.testing.assert_close(pairwise_chunk_cost(x, y, none_x, none_y), expected)


def test_chunk_cost_does_not_see_padding_and_keeps_its_scale() -> None:
    x, y = torch.ones(1, 4, 2, dtype=torch.float64), torch.zeros(1, 4, 2, dtype=torch.float64)
    pad = torch.tensor([[False, True, True, True]])
    noisy = x + pad.unsqueeze(-1) * 1e6
    seen = torch.zeros(1, 4, dtype=torch.bool)
    # Every step is at squared distance 2: four of them whether one or all are seen.
    assert float(pairwise_chunk_cost(noisy, y, pad, seen)) == pytest.approx(8.0)
    assert float(pairwise_chunk_cost(x, y, seen, seen)) == pytest.approx(8.0)
    assert float(pairwise_chunk_cost(x, y, ~pad, pad)) == 0.0
