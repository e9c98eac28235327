"""RDT at test time: observations in numpy, actions in physical units.

Shapes: B frames, T steps of a chunk, A action dimensions of the robot, U = 128.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.dataset import Float
from ilsweep.trainers.nets.config import ImageNorm
from ilsweep.trainers.nets.inference import NetPolicy
from ilsweep.trainers.nets.preprocessing import Inputs
from ilsweep.trainers.rdt.action_limits import Limits
from ilsweep.trainers.rdt.diffusion import Diffusion
from ilsweep.trainers.rdt.network import RDTNet
from ilsweep.trainers.rdt.unified import UNIFIED_LEN
from ilsweep.trainers.rdt.unified_preprocessor import UnifiedPreprocessor


class RDTPolicy(NetPolicy[RDTNet, UnifiedPreprocessor]):
    """What a net does with its present weights.

    Every prediction begins with the same noise, so that the policy is a function of what it sees:
    a difference between two predictions is a difference between two observations.
    """

    def __init__(
        self,
        net: RDTNet,
        preprocessor: UnifiedPreprocessor,
        diffusion: Diffusion,
        limits: Limits,
        image_norm: ImageNorm,
    ) -> None:
        super().__init__(net, preprocessor, image_norm)
        self._diffusion, self.limits = diffusion, limits
        steps = net.position.shape[0] - 2
        noise = np.random.default_rng(0).standard_normal((steps, UNIFIED_LEN), dtype=np.float32)
        self._noise = torch.from_numpy(noise).to(preprocessor.device) * preprocessor.mask

    def predict(self, observation: Observation) -> Float:
        """The next actions (B, T, A), as they are executed: clipped to the limits."""
        return self.limits.clip(self.command(observation))

    def command(self, observation: Observation) -> Float:
        """The same before they are clipped."""
        return self._preprocessor.decode(self._answers(self._sample, observation), observation)

    def features(self, observation: Observation) -> Float:
        """The backbone's maps, flattened: (B, cameras * channels * h * w)."""
        return self._maps(self.net.features, observation)

    def _sample(self, inputs: Inputs) -> Tensor:
        """Clean chunks (B, T, U), still scaled."""
        encoded = self.net.observe(inputs)

        def denoise(noisy: Tensor, times: Tensor) -> Tensor:
            clean: Tensor = self.net(encoded, noisy, times)
            return clean

        return self._diffusion.sample(denoise, self._noise.repeat(len(inputs.state), 1, 1))
