"""The Gaussian actor's distribution against closed forms, scipy and torch."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from ilsweep.trainers.bc.network import Box, Gaussian


def some(box: Box | None = None) -> tuple[Gaussian, torch.Tensor]:
    """Five distributions over three dimensions, and an action for each."""
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    std = torch.rand(5, 3, generator=generator, dtype=torch.float64) + 0.05
    actions = torch.rand(5, 3, generator=generator, dtype=torch.float64) - 0.5
    return Gaussian(mean, std, box), actions


def box() -> Box:
    low, high = [-2.0, -1.0, -0.6], [1.0, 1.0, 3.0]
    return Box(torch.tensor(low, dtype=torch.float64), torch.tensor(high, dtype=torch.float64))


def test_the_likelihood_is_scipys() -> None:
    gaussian, actions = some()
    expected = -np.sum(stats.norm.logpdf(actions, gaussian.mean, gaussian.std), axis=1)
    np.testing.assert_allclose(gaussian.terms(actions).nll, expected)


def test_the_squashed_likelihood_is_torchs() -> None:
    gaussian, actions = some(box())
    ours = box()
    half, middle = (ours.high - ours.low) / 2, (ours.high + ours.low) / 2
    transforms = [
        torch.distributions.TanhTransform(),
        torch.distributions.AffineTransform(middle, half),
    ]
    normal = torch.distributions.Normal(gaussian.mean, gaussian.std)
    expected = torch.distributions.TransformedDistribution(normal, transforms).log_prob(actions)
    torch.testing.assert_close(gaussian.terms(actions).nll, -expected.sum(dim=-1))


def test_the_squashed_density_integrates_to_one_over_its_box() -> None:
    ours = Box(torch.tensor([-2.0], dtype=torch.float64), torch.tensor([3.0], dtype=torch.float64))
    mean, std = torch.tensor([[0.3]], dtype=torch.float64), torch.tensor([[0.5]])

    def density(action: float) -> float:
        wanted = torch.tensor([[action]], dtype=torch.float64)
        return math.exp(-float(Gaussian(mean, std, ours).terms(wanted).nll))

    mass, _ = integrate.quad(density, -2, 3, limit=200)
    assert mass == pytest.approx(1, abs=1e-4)


def test_the_terms_of_a_perfect_prediction_are_closed_forms() -> None:
    mean = torch.zeros(2, 4)
    terms = Gaussian(mean, torch.full((2, 4), 0.1)).terms(mean)
    assert terms.residual.tolist() == [0, 0]
    assert terms.log_std.tolist() == pytest.approx([4 * math.log(0.1)] * 2)
    assert terms.rest.tolist() == pytest.approx([2 * math.log(2 * math.pi)] * 2)


def test_a_small_deviation_makes_an_unchanged_error_cost_much() -> None:
    """The residual grows with 1 / std^2: the same error of 0.01 at 0.01 and at 0.001."""
    action = torch.full((1, 1), 0.01)
    costs = [
        float(Gaussian(torch.zeros(1, 1), torch.full((1, 1), std)).terms(action).residual)
        for std in (0.01, 0.001)
    ]
    assert costs == pytest.approx([0.5, 50], rel=1e-4)


def test_a_box_and_back() -> None:
    _, actions = some()
    torch.testing.assert_close(box().outside(box().inside(actions)), actions)


def test_actions_at_the_border_have_a_finite_likelihood() -> None:
    ours = box()
    gaussian, _ = some(ours)
    border = torch.stack((ours.low, ours.high)).float()
    small = Box(ours.low.float(), ours.high.float())
    nll = Gaussian(gaussian.mean[:2].float(), gaussian.std[:2].float(), small).terms(border).nll
    assert torch.isfinite(nll).all()


def test_the_mode_of_a_squashed_distribution_is_inside() -> None:
    ours = box()
    gaussian = Gaussian(torch.tensor([[-50.0, 0.0, 50.0]]).double(), torch.ones(1, 3), ours)
    mode = gaussian.mode()[0]
    torch.testing.assert_close(mode, torch.stack((ours.low[0], ours.low[0] * 0, ours.high[2])))
