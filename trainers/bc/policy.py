"""A Gaussian actor at test time: observations in numpy, actions in physical units.

Shapes: B frames, A action dimensions, F features.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ilsweep.trainers.act.policy import BATCH, inference
from ilsweep.trainers.bc.network import GaussianActor
from ilsweep.trainers.data.dataset import Float, Observation, batch_size, rows_of
from ilsweep.trainers.nets.preprocessing import Codec, Inputs

if TYPE_CHECKING:
    from ilsweep.trainers.act.trainer import ImageNorm


class GaussianPolicy:
    """The mode of an actor with its present weights, as a chunk of one action."""

    def __init__(self, net: GaussianActor, codec: Codec, image_norm: ImageNorm) -> None:
        self._net = net
        self._codec = codec
        self._norm: ImageNorm = image_norm

    def predict_chunk(self, observation: Observation) -> Float:
        """The next action (1, A) for one observation (B = 1)."""
        actions: Float = self.predict(observation)[0]
        return actions

    def predict(self, observation: Observation) -> Float:
        """The next actions (B, 1, A)."""
        with inference(self._net):
            parts = [self._net(inputs).mode() for inputs in self._batches(observation)]
            return _numpy([self._codec.physical(part) for part in parts])[:, None]

    def nll(self, observation: Observation, actions: Tensor) -> Float:
        """Negative log-likelihood (B,) of standardised actions (B, A), nats."""
        with inference(self._net):
            pairs = zip(self._batches(observation), torch.split(actions, BATCH), strict=True)
            return _numpy([self._net(inputs).terms(wanted).nll for inputs, wanted in pairs])

    def features(self, observation: Observation) -> Float:
        """The backbone's maps, flattened: (B, cameras * channels * h * w)."""
        vision = self._net.vision
        assert vision is not None
        with inference(self._net):
            seen = (inputs.images for inputs in self._batches(observation))
            return _numpy([vision.features(x).flatten(1) for x in seen if x is not None])

    def _batches(self, observation: Observation) -> Iterator[Inputs]:
        for start in range(0, batch_size(observation), BATCH):
            rows = rows_of(observation, slice(start, start + BATCH))
            yield self._codec.inputs(rows, self._norm)


def _numpy(parts: list[Tensor]) -> Float:
    joined: Float = torch.cat(parts).cpu().numpy()
    return joined
