"""Averaged weights in every ready trainer: judged, executed, kept, and followed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.trainers.test_contract_suite import Case, case, run, same, through_a_file

__all__ = ["case"]  # the fixture
AVERAGED: dict[str, Any] = {"ema_decay": 0.7}


def moved(net: nn.Module, by: float) -> None:
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(by)


def test_the_average_follows_the_weights_of_the_training(case: Case) -> None:
    trainer = case.build(**AVERAGED)
    trainer.evaluate()  # reflow makes its teacher, which its student begins with
    expected = [p.detach().clone() for p in trainer.net.parameters()]
    for step in range(1, 5):
        run(trainer, 1)
        decay = min(0.7, 1 - (1 + step) ** -0.75)
        for mine, now in zip(expected, trainer.net.parameters(), strict=True):
            mine.mul_(decay).add_((1 - decay) * now.detach())
    for mine, found in zip(expected, trainer.acting.parameters(), strict=True):
        torch.testing.assert_close(found, mine, rtol=1e-4, atol=1e-6)


def test_it_is_judged_and_acts_in_place_of_the_net(case: Case) -> None:
    trainer = case.build(**AVERAGED)
    run(trainer, 2)
    frames = trainer.data.observe(trainer.data.source, trainer.frames[:3])
    held_out, actions = trainer.evaluate(), trainer.policy().predict(frames)
    moved(trainer.net, 1.0)
    assert trainer.evaluate() == held_out
    np.testing.assert_array_equal(trainer.policy().predict(frames), actions)
    moved(trainer.acting, 0.1)
    assert trainer.evaluate() != held_out


def test_stop_and_resume_equals_no_stop(case: Case) -> None:
    straight, stopped, resumed = (case.build(seed=5, **AVERAGED) for _ in range(3))
    run(straight, 4)
    run(stopped, 2)
    resumed.load_state_dict(through_a_file(stopped.state_dict()))
    run(resumed, 2)
    assert same(straight.state_dict(), resumed.state_dict())
    assert straight.evaluate() == resumed.evaluate()
    assert straight.evaluate() != case.build(seed=5, ema_decay=0).evaluate()


def test_without_one_nothing_is_kept_and_the_weights_are_the_same(case: Case) -> None:
    plain, averaged = case.build(ema_decay=0), case.build(**AVERAGED)
    run(plain, 3), run(averaged, 3)
    assert plain.acting is plain.net
    assert "average" not in plain.state_dict()
    assert same(plain.net.state_dict(), averaged.net.state_dict())
    assert not same(plain.net.state_dict(), averaged.acting.state_dict())


def test_a_checkpoint_without_one_begins_it_with_its_weights(case: Case) -> None:
    plain, averaged = case.build(ema_decay=0), case.build(seed=1, **AVERAGED)
    run(plain, 2)
    averaged.load_state_dict(through_a_file(plain.state_dict()))
    assert same(averaged.acting.state_dict(), plain.net.state_dict())


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_a_decay_lies_below_one(case: Case, decay: Any) -> None:
    with pytest.raises(ValueError, match="ema_decay"):
        case.build(ema_decay=decay)
