"""From demonstrations to unified vectors on the device, scaled, and back.

Shapes: B frames, T steps of a chunk, A action dimensions of the robot, U = 128.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.dataset import Demonstrations, Domain, Float, Int, chunk
from ilsweep.trainers.data.features import ControlMode
from ilsweep.trainers.nets.config import ImageNorm
from ilsweep.trainers.nets.preprocessing import Chunks, Inputs, Preprocessor
from ilsweep.trainers.rdt.config import RDTConfig
from ilsweep.trainers.rdt.unified import UnifiedSpace
from ilsweep.trainers.rdt.unified_scaling import Scaling


class UnifiedPreprocessor:
    """Unified, scaled states and actions; images and object poses as every trainer sees them."""

    def __init__(
        self, data: Demonstrations, control: ControlMode, config: RDTConfig, device: str
    ) -> None:
        self._control = control
        self._preprocessor = Preprocessor(data, control, device)
        self._inverts = config.inverse_scale
        self.device = torch.device(device)
        self.space = UnifiedSpace(control.action.groups)
        self.mask = torch.from_numpy(self.space.mask.astype(np.float32)).to(device)
        """(U,) 1 for what this robot has."""
        frames = data.source.train_frames

        def scaling(values: Float) -> Scaling:
            unified = self.space.encode(values[frames])
            return Scaling.of(self.space, unified, config.position_scale, config.normalize)

        self.state_scaling = scaling(data.source.vector(control.state.key))
        self.action_scaling = scaling(data.source.vector(control.action.key))

    @property
    def cameras(self) -> tuple[str, ...]:
        return self._preprocessor.cameras

    @property
    def env_dim(self) -> int:
        return self._preprocessor.env_dim

    def inputs(self, observation: Observation, norm: ImageNorm) -> Inputs:
        """Observations of B frames; the state is a unified vector (B, U)."""
        own = self.space.encode(observation[self._control.state.key])
        state = self.state_scaling.forward(own)
        return replace(self._preprocessor.inputs(observation, norm), state=self._tensor(state))

    def chunks(self, domain: Domain, frames: Int, length: int) -> Chunks:
        """The next `length` actions from each of B frames, (B, T, U).

        After an episode's end its last action goes on: the net attends to these steps, as it does
        at inference, but its loss does not count them.
        """
        actions, pad = chunk(domain, frames, length, self._control.action.key)
        last = (~pad).sum(axis=1, keepdims=True) - 1  # (B, 1)
        held = np.minimum(np.arange(length), last)[..., None]  # (B, T, 1)
        return Chunks(
            self._tensor(self.encode(np.take_along_axis(actions, held, axis=1))),
            torch.from_numpy(pad).to(self.device),
        )

    def encode(self, actions: Float) -> Float:
        """The robot's actions (..., A) as the net sees them (..., U)."""
        return self.action_scaling.forward(self.space.encode(actions))

    def decode(self, actions: Float) -> Float:
        """What evaluation makes of the net's actions (..., U): the robot's (..., A).

        Scaled back, unless the experiment leaves that out (`inverse_scale: false`).
        """
        unscaled = self.action_scaling.inverse(actions) if self._inverts else actions
        return self.space.decode(unscaled)

    def _tensor(self, values: Float) -> Tensor:
        return torch.from_numpy(values).to(self.device)
