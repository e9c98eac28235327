"""Flow matching on a flow that is known in closed form: from N(0, 1) to N(m, s^2).

With noise and action independent, x_t = t noise + (1 - t) action has mean (1 - t) m and variance
r^2 = t^2 + (1 - t)^2 s^2, so that E[noise - action | x_t] is linear in x_t, and the flow takes a
noise e to m + s e exactly.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from ilsweep.trainers.reflow.flow import (
    Padding,
    integrate,
    interpolate,
    matching_errors,
    sample_times,
    straightness,
    velocity_target,
)
from ilsweep.trainers.training.losses import mean_over_steps

MEAN, SPREAD = 1.5, 0.4


def exact_velocity(x: Tensor, t: Tensor) -> Tensor:
    t = t[:, None, None]
    variance = t**2 + ((1 - t) * SPREAD) ** 2
    return -MEAN + (t - (1 - t) * SPREAD**2) / variance * (x - (1 - t) * MEAN)


def noise(samples: int = 64, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(samples, 2, 3, dtype=torch.float64, generator=generator)


def test_time_one_is_noise_and_time_zero_is_the_action() -> None:
    start, actions = noise(seed=1), noise(seed=2)
    assert torch.equal(interpolate(start, actions, torch.ones(64)), start)
    assert torch.equal(interpolate(start, actions, torch.zeros(64)), actions)


def test_the_target_is_the_derivative_of_the_line_in_time() -> None:
    start, actions = noise(seed=1), noise(seed=2)
    t, h = torch.full((64,), 0.3, dtype=torch.float64), 1e-4
    slope = (interpolate(start, actions, t + h) - interpolate(start, actions, t - h)) / (2 * h)
    torch.testing.assert_close(velocity_target(start, actions), slope, rtol=0, atol=1e-9)


@pytest.mark.parametrize("time", [0.1, 0.5, 0.9])
def test_the_best_prediction_of_the_target_is_the_exact_velocity(time: float) -> None:
    """Regressing what a net is taught on x_t gives the closed form's line."""
    rng = np.random.default_rng(0)
    start = torch.from_numpy(rng.standard_normal((200_000, 1, 1)))
    actions = torch.from_numpy(MEAN + SPREAD * rng.standard_normal((200_000, 1, 1)))
    t = torch.full((200_000,), time, dtype=torch.float64)
    x = interpolate(start, actions, t).flatten().numpy()
    slope, offset = np.polyfit(x, velocity_target(start, actions).flatten().numpy(), 1)
    at = torch.tensor([[[0.0]], [[1.0]]], dtype=torch.float64)
    at_zero, at_one = exact_velocity(at, t[:2]).flatten().tolist()
    assert offset == pytest.approx(at_zero, abs=0.02)
    assert slope == pytest.approx(at_one - at_zero, abs=0.02)


def test_integration_takes_noise_to_the_known_end() -> None:
    start = noise()
    torch.testing.assert_close(
        integrate(exact_velocity, start, 4000), MEAN + SPREAD * start, rtol=0, atol=2e-3
    )


def test_eulers_error_halves_with_the_step() -> None:
    start = noise()
    errors = [
        float((integrate(exact_velocity, start, n) - (MEAN + SPREAD * start)).norm())
        for n in (100, 200, 400)
    ]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    np.testing.assert_allclose(orders, 1.0, atol=0.05)


def test_a_field_of_the_wrong_sign_does_not_reach_the_actions() -> None:
    start = noise()
    end = integrate(lambda x, t: -exact_velocity(x, t), start, 400)
    assert float((end - (MEAN + SPREAD * start)).abs().mean()) > 1.0


def test_rectified_pairs_are_straight_and_need_one_step() -> None:
    start = noise()
    displacement = start - (MEAN + SPREAD * start)
    everything = slice(0, 3)

    def rectified(x: Tensor, t: Tensor) -> Tensor:
        return displacement

    torch.testing.assert_close(integrate(rectified, start, 1), MEAN + SPREAD * start)
    assert straightness(rectified, start, 10, everything) == pytest.approx(0, abs=1e-12)
    assert straightness(exact_velocity, start, 10, everything) > 0.01


def test_straightness_is_that_of_the_path() -> None:
    """x_t = (1 - t) m + r(t) e: the mean over time and noise of |dx/dt - (x_1 - x_0)|^2."""
    start = noise(4000)
    t = np.linspace(0, 1, 2001)
    r = np.sqrt(t**2 + ((1 - t) * SPREAD) ** 2)
    off = np.gradient(r, t) - (1 - SPREAD)  # times e; the mean of the noise cancels
    chord = MEAN**2 + (1 - SPREAD) ** 2
    expected = float((off**2).mean()) / chord
    found = straightness(exact_velocity, start, 400, slice(0, 3))
    assert found == pytest.approx(expected, rel=0.05)


def test_times_are_those_of_openpi() -> None:
    t = sample_times(100_000, torch.Generator().manual_seed(0)).numpy()
    assert 0.001 <= t.min() < t.max() <= 1.0
    scaled = np.sort((t - 0.001) / 0.999)
    share = np.arange(1, t.size + 1) / t.size
    np.testing.assert_allclose(share, scaled**1.5, atol=0.01)


def test_errors_are_zero_for_the_truth_and_masked_steps_do_not_count() -> None:
    start, actions = noise(seed=1), noise(seed=2)
    t = sample_times(64, torch.Generator().manual_seed(0)).double()
    assert float(matching_errors(lambda x, t: start - actions, start, actions, t).max()) == 0
    errors = matching_errors(lambda x, t: 0 * x, start, actions, t)
    pad = torch.zeros(64, 2, dtype=torch.bool)
    torch.testing.assert_close(mean_over_steps(errors, pad), errors.mean())
    pad[:, 1] = True
    torch.testing.assert_close(mean_over_steps(errors, pad), errors[:, :1].mean())


def test_padding_cuts_and_fills_with_zeros() -> None:
    padding = Padding(valid=3, total=5)
    actions = noise()
    padded = padding.pad(actions)
    assert padded.shape == (64, 2, 5)
    assert torch.equal(padding.unpad(padded), actions)
    assert float(padded[..., padding.padded].abs().max()) == 0
    assert padded[..., padding.dims("all")].shape[-1] == 5
    assert padded[..., padding.dims("valid")].shape[-1] == 3


def test_noise_over_the_valid_dimensions_is_the_same_but_for_the_padding() -> None:
    padding = Padding(valid=3, total=5)
    drawn = {
        which: padding.noise(which, 2000, 2, torch.Generator().manual_seed(0))
        for which in ("valid", "all")
    }
    assert torch.equal(padding.unpad(drawn["valid"]), padding.unpad(drawn["all"]))
    assert float(drawn["valid"][..., padding.padded].abs().max()) == 0
    assert float(drawn["all"][..., padding.padded].std()) == pytest.approx(1, abs=0.03)
