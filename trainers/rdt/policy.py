"""RDT at test time: observations in numpy, actions in physical units.

Shapes: B frames, T steps of a chunk, A action dimensions of the robot, U = 128.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ilsweep.trainers.act.policy import BATCH, inference
from ilsweep.trainers.data.dataset import Float, Observation, batch_size, rows_of
from ilsweep.trainers.nets.preprocessing import Inputs
from ilsweep.trainers.rdt.action_limits import Limits
from ilsweep.trainers.rdt.diffusion import Diffusion
from ilsweep.trainers.rdt.network import RDTNet
from ilsweep.trainers.rdt.unified import UNIFIED_LEN
from ilsweep.trainers.rdt.unified_codec import UnifiedCodec

if TYPE_CHECKING:
    from ilsweep.trainers.act.trainer import ImageNorm


class RDTPolicy:
    """What a net does with its present weights.

    Every prediction begins with the same noise, so that the policy is a function of what it sees:
    a difference between two predictions is a difference between two observations.
    """

    def __init__(
        self,
        net: RDTNet,
        codec: UnifiedCodec,
        diffusion: Diffusion,
        limits: Limits,
        image_norm: ImageNorm,
    ) -> None:
        self._net, self._codec, self._diffusion, self._limits = net, codec, diffusion, limits
        self._norm: ImageNorm = image_norm
        steps = net.position.shape[0] - 2
        noise = np.random.default_rng(0).standard_normal((steps, UNIFIED_LEN), dtype=np.float32)
        self._noise = torch.from_numpy(noise).to(codec.device) * codec.mask

    def predict_chunk(self, observation: Observation) -> Float:
        """The next actions (T, A) for one observation (B = 1)."""
        actions: Float = self.predict(observation)[0]
        return actions

    def predict(self, observation: Observation) -> Float:
        """The next actions (B, T, A), as they are executed: clipped to the limits."""
        return self._limits.clip(self.command(observation))

    def command(self, observation: Observation) -> Float:
        """The same before they are clipped."""
        return self._codec.decode(self._joined(self._sample, observation))

    def features(self, observation: Observation) -> Float:
        """The backbone's maps, flattened: (B, cameras * channels * h * w)."""

        def maps(inputs: Inputs) -> Tensor:
            assert inputs.images is not None
            return self._net.features(inputs.images).flatten(1)

        return self._joined(maps, observation)

    def _sample(self, inputs: Inputs) -> Tensor:
        """Clean chunks (B, T, U), still scaled."""
        scene = self._net.observe(inputs)

        def denoise(noisy: Tensor, times: Tensor) -> Tensor:
            clean: Tensor = self._net(scene, noisy, times)
            return clean

        return self._diffusion.sample(denoise, self._noise.repeat(len(inputs.state), 1, 1))

    def _joined(self, ask: Callable[[Inputs], Tensor], observation: Observation) -> Float:
        with inference(self._net):
            parts = [ask(inputs) for inputs in self._batches(observation)]
        joined: Float = torch.cat(parts).cpu().numpy()
        return joined

    def _batches(self, observation: Observation) -> Iterator[Inputs]:
        for start in range(0, batch_size(observation), BATCH):
            rows = rows_of(observation, slice(start, start + BATCH))
            yield self._codec.inputs(rows, self._norm)
