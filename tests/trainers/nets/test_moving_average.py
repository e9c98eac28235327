"""An exponential moving average of weights against its recursion and its closed form."""

from __future__ import annotations

import math

import pytest
import torch

from ilsweep.trainers.nets.moving_average import MovingAverage


def decay(step: int, limit: float) -> float:
    return min(limit, 1 - math.pow(1 + step, -0.75))


def test_the_average_follows_its_recursion() -> None:
    net = torch.nn.Linear(1, 1, bias=False)
    average = MovingAverage(net, limit=0.6)
    expected = float(net.weight.detach())
    for step in range(1, 6):
        with torch.no_grad():
            net.weight.fill_(float(step))
        average.update(net, step)
        expected = decay(step, 0.6) * expected + (1 - decay(step, 0.6)) * step
    (weight,) = average.net.parameters()
    assert float(weight) == pytest.approx(expected, rel=1e-5)
    assert not weight.requires_grad


@pytest.mark.parametrize("limit", [0.5, 0.9, 0.999])
def test_what_is_left_of_the_first_weights_is_the_product_of_the_decays(limit: float) -> None:
    net = torch.nn.Linear(3, 2)
    first = [p.detach().clone() for p in net.parameters()]
    average = MovingAverage(net, limit)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(4.0)
    for step in range(1, 31):
        average.update(net, step)
    left = math.prod(decay(step, limit) for step in range(1, 31))
    for mine, began in zip(average.net.parameters(), first, strict=True):
        torch.testing.assert_close(mine, 4 + left * (began - 4), rtol=1e-5, atol=1e-6)
