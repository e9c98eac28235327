"""Policies go through their observations in batches, and leave the net as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.dataset import Float
from ilsweep.trainers.nets.config import ImageNorm
from ilsweep.trainers.nets.inference import BATCH, NetPolicy, inference
from ilsweep.trainers.nets.preprocessing import Inputs


class Rows:
    """The state as it is; remembers how many rows it was asked for at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def inputs(self, observation: Observation, norm: ImageNorm) -> Inputs:
        del norm
        self.sizes.append(len(observation["observation.state"]))
        return Inputs(torch.from_numpy(observation["observation.state"]), None, None)


class Doubles(NetPolicy[nn.Linear, Rows]):
    """Answers with the net's output, and with a row of something else beside it."""

    def predict(self, observation: Observation) -> Float:
        return self._answers(lambda inputs: self.net(inputs.state)[:, None], observation)

    def plus(self, observation: Observation, more: Tensor) -> Float:
        return self._answers_with(lambda i, rows: self.net(i.state) + rows, observation, more)


@pytest.fixture
def policy() -> Doubles:
    net = nn.Linear(1, 1, bias=False)
    nn.init.constant_(net.weight, 2.0)
    return Doubles(net, Rows(), "none")


@pytest.mark.parametrize("count", [1, BATCH, 2 * BATCH + 3])
def test_batches_come_back_in_order_and_whole(policy: Doubles, count: int) -> None:
    state = np.arange(count, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(policy.predict({"observation.state": state})[:, 0], 2 * state)
    assert sum(policy._preprocessor.sizes) == count
    assert max(policy._preprocessor.sizes) <= BATCH
    more = torch.from_numpy(100 * state)
    np.testing.assert_array_equal(policy.plus({"observation.state": state}, more), 102 * state)


def test_a_chunk_is_the_first_of_a_batch_of_one(policy: Doubles) -> None:
    one = {"observation.state": np.full((1, 1), 3.0, np.float32)}
    np.testing.assert_array_equal(policy.predict_chunk(one), [[6.0]])


def test_other_rows_must_be_as_many(policy: Doubles) -> None:
    state = np.zeros((BATCH + 1, 1), np.float32)
    with pytest.raises(ValueError, match="zip"):
        policy.plus({"observation.state": state}, torch.zeros(BATCH, 1))


@pytest.mark.parametrize("training", [True, False])
def test_the_net_is_left_as_it_was(training: bool) -> None:
    net = nn.Dropout(0.5).train(training)
    try:
        with inference(net):
            assert not net.training
            assert torch.is_inference_mode_enabled()
            raise KeyError
    except KeyError:
        pass
    assert net.training == training
    assert not torch.is_inference_mode_enabled()
