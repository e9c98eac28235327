"""The training loop that the ready trainers share, on a net of two numbers, and old checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ilsweep.trainers.core.registry import load
from ilsweep.trainers.training.supervised import SupervisedTrainer, descend
from tests.trainers.rdt import tiny as rdt
from tests.trainers.reflow import test_trainer as reflow

SLOPE = torch.tensor([3.0, -4.0])
"""The loss's gradient, of norm 5."""


def stepped(
    max_grad_norm: float | None, rates: Sequence[float] = (0.1,)
) -> tuple[nn.Linear, Tensor]:
    """A line from zero after one step of plain gradient descent, and the reported norm."""
    net = nn.Linear(2, 1, bias=len(rates) > 1)
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    groups = [{"params": [parameter], "lr": 9.0} for parameter in net.parameters()]
    loss = net(SLOPE).sum()
    return net, descend(loss, net, torch.optim.SGD(groups, lr=9.0), rates, max_grad_norm)


def test_a_step_goes_down_the_gradient_at_the_rate_of_now() -> None:
    net, norm = stepped(None)
    torch.testing.assert_close(net.weight[0], -0.1 * SLOPE)
    assert float(norm) == pytest.approx(5.0)


@pytest.mark.parametrize(("most", "share"), [(1.0, 0.2), (5.0, 1.0), (50.0, 1.0)])
def test_a_gradient_is_scaled_down_to_its_largest_norm(most: float, share: float) -> None:
    net, norm = stepped(most)
    torch.testing.assert_close(net.weight[0], -0.1 * share * SLOPE, rtol=1e-5, atol=1e-6)
    assert float(norm) == pytest.approx(5.0), "the norm is reported before clipping"


def test_each_group_has_its_own_rate() -> None:
    net, _ = stepped(None, (0.1, 0.02))
    torch.testing.assert_close(net.weight[0], -0.1 * SLOPE)
    torch.testing.assert_close(net.bias, torch.tensor([-0.02]))


@pytest.mark.parametrize(
    ("build", "missing"), [(rdt.build, "stream"), (reflow.build, "first_seed")]
)
def test_checkpoints_of_earlier_versions_go_on_as_they_would_have(
    build: Callable[[], SupervisedTrainer[Any, Any, Any]], missing: str
) -> None:
    straight, resumed = build(), build()
    straight.train_step()
    state = {name: value for name, value in straight.state_dict().items() if name != missing}
    resumed.load_state_dict(state)
    assert float(straight.train_step()["train/loss"]) == float(resumed.train_step()["train/loss"])


@pytest.mark.parametrize("name", ["act", "act_ot", "bc", "rdt", "reflow"])
def test_every_ready_trainer_fills_in_the_one_loop(name: str) -> None:
    trainer = load(name)
    assert issubclass(trainer, SupervisedTrainer)
