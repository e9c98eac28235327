"""A flow at test time: observations in numpy, actions in physical units.

Shapes: B frames, T steps of a chunk, A action dimensions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.dataset import Float, batch_size
from ilsweep.trainers.nets.inference import NetPolicy
from ilsweep.trainers.nets.preprocessing import Inputs, Preprocessor
from ilsweep.trainers.reflow.config import Dims
from ilsweep.trainers.reflow.flow import Padding, integrate
from ilsweep.trainers.reflow.network import VelocityNet

NOISE_SEED = 0
"""Of every policy's noise, so that two policies that are compared start from the same."""


class FlowPolicy(NetPolicy[VelocityNet, Preprocessor]):
    """What a velocity field does with its present weights, by Euler's method.

    Its noise comes from a generator of its own: two policies made alike answer the same questions,
    asked in the same order, alike.
    """

    def __init__(
        self,
        net: VelocityNet,
        preprocessor: Preprocessor,
        padding: Padding,
        noise_dims: Dims,
        steps: int,
    ) -> None:
        super().__init__(net, preprocessor, "imagenet")
        self._padding = padding
        self._noise_dims: Dims = noise_dims
        self._steps = steps
        self._generator = torch.Generator().manual_seed(NOISE_SEED)

    def with_steps(self, steps: int) -> FlowPolicy:
        """The same field, integrated in another number of Euler steps."""
        return FlowPolicy(self.net, self._preprocessor, self._padding, self._noise_dims, steps)

    def predict(self, observation: Observation) -> Float:
        """The next actions (B, T, A), in physical units."""
        count, length = batch_size(observation), self.net.step.shape[0]
        noise = self._padding.noise(self._noise_dims, count, length, self._generator)

        def actions(inputs: Inputs, start: Tensor) -> Tensor:
            end = integrate(self.net.field(inputs), start.to(inputs.state.device), self._steps)
            return self._preprocessor.physical(self._padding.unpad(end), inputs.state)

        return self._answers_with(actions, observation, noise)
