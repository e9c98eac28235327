"""A flow at test time: observations in numpy, actions in physical units.

Shapes: B frames, T steps of a chunk, A action dimensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ilsweep.trainers.act.policy import BATCH, inference
from ilsweep.trainers.data.dataset import Float, Observation, batch_size, rows_of
from ilsweep.trainers.nets.preprocessing import Codec
from ilsweep.trainers.reflow.flow import Padding, integrate
from ilsweep.trainers.reflow.network import VelocityNet

if TYPE_CHECKING:
    from ilsweep.trainers.reflow.trainer import Dims

NOISE_SEED = 0
"""Of every policy's noise, so that two policies that are compared start from the same."""


class FlowPolicy:
    """What a velocity field does with its present weights, by Euler's method.

    Its noise comes from a generator of its own: two policies made alike answer the same questions,
    asked in the same order, alike.
    """

    def __init__(
        self, net: VelocityNet, codec: Codec, padding: Padding, noise_dims: Dims, steps: int
    ) -> None:
        self._net = net
        self._codec = codec
        self._padding = padding
        self._noise_dims: Dims = noise_dims
        self._steps = steps
        self._generator = torch.Generator().manual_seed(NOISE_SEED)

    def predict_chunk(self, observation: Observation) -> Float:
        """The next actions (T, A) for one observation (B = 1)."""
        actions: Float = self.predict(observation)[0]
        return actions

    def predict(self, observation: Observation) -> Float:
        """The next actions (B, T, A), in physical units."""
        count = batch_size(observation)
        length = self._net.step.shape[0]
        noise = self._padding.noise(self._noise_dims, count, length, self._generator)
        parts = []
        with inference(self._net):
            for start in range(0, count, BATCH):
                part = slice(start, start + BATCH)
                inputs = self._codec.inputs(rows_of(observation, part), "imagenet")
                field = self._net.field(inputs)
                end = integrate(field, noise[part].to(inputs.state.device), self._steps)
                parts.append(self._codec.physical(self._padding.unpad(end)))
        actions: Float = torch.cat(parts).cpu().numpy()
        return actions
