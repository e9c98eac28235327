"""From demonstrations to unified vectors on the device, scaled, and back.

Shapes: B frames, T steps of a chunk, A action dimensions of the robot, U = 128.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.dataset import (
    STD_FLOOR,
    Demonstrations,
    Domain,
    Float,
    Int,
    chunk,
)
from ilsweep.trainers.data.features import ControlMode
from ilsweep.trainers.nets.action_representation import ActionEncoding, moments
from ilsweep.trainers.nets.config import ImageNorm
from ilsweep.trainers.nets.device import on_device
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
        self._encoding = ActionEncoding.of(config.action_representation, data, control, "cpu")
        self.device = torch.device(device)
        self.space = UnifiedSpace(control.action.groups)
        self.mask = torch.from_numpy(self.space.mask.astype(np.float32)).to(device)
        """(U,) 1 for what this robot has."""

        def scaling(values: Iterable[Float], floor: Float) -> Scaling:
            seen = moments(map(self.space.encode, values))
            ends = (seen.low, seen.high)
            return Scaling.of(self.space, ends, config.position_scale, config.normalize, floor)

        frames, length = data.source.train_frames, config.chunk_size
        states = data.source.vector(control.state.key)[frames]
        targets = self._encoding.targets(data.source, frames, length, control)
        floor = self.space.placed(self._encoding.floor(data, control), STD_FLOOR)
        self.state_scaling = scaling([states], np.full_like(floor, STD_FLOOR))
        self.action_scaling = scaling(targets, floor)

    @property
    def cameras(self) -> tuple[str, ...]:
        return self._preprocessor.cameras

    @property
    def env_dim(self) -> int:
        return self._preprocessor.env_dim

    def inputs(self, observation: Observation, norm: ImageNorm) -> Inputs:
        """Observations of B frames; the state is a unified vector (B, U)."""
        own = self.space.encode(observation[self._state_key])
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
        whole = np.take_along_axis(actions, held, axis=1)
        encoded = self.encode(whole, {self._state_key: domain[self._state_key][frames]})
        return Chunks(self._tensor(encoded), self._tensor(pad))

    def encode(self, actions: Float, observation: Observation) -> Float:
        """The robot's actions (B, T, A), from what is observed, as the net sees them (B, T, U)."""
        encoded = self._encoding.encode(torch.from_numpy(actions), self._began(observation))
        return self._scaled(encoded.numpy())

    def _began(self, observation: Observation) -> Tensor:
        """The robot's own states (B, S), which chunks begin in."""
        return torch.from_numpy(np.ascontiguousarray(observation[self._state_key]))

    def _scaled(self, encoded: Float) -> Float:
        return self.action_scaling.forward(self.space.encode(encoded))

    def decode(self, actions: Float, observation: Observation) -> Float:
        """What evaluation makes of the net's actions (B, T, U): the robot's (B, T, A).

        Scaled back, unless the experiment leaves that out (`inverse_scale: false`).
        """
        unscaled = self.action_scaling.inverse(actions) if self._inverts else actions
        encoded = torch.from_numpy(self.space.decode(unscaled))
        return self._encoding.decode(encoded, self._began(observation)).numpy()

    def round_trip(self, domain: Domain, episode: int, length: int) -> Float:
        """The actions (T, A) of an episode, cut into chunks, encoded and decoded."""
        frames = domain.frames_of(np.array([episode]))[::length]
        actions, pad = chunk(domain, frames, length, self._control.action.key)
        seen = {self._state_key: domain[self._state_key][frames]}
        return self.decode(self.encode(actions, seen), seen)[~pad]

    def variance(self, domain: Domain, frames: Int, length: int) -> NDArray[np.float64]:
        """Of the scaled targets (U,) that the net has at some frames."""
        targets = self._encoding.targets(domain, frames, length, self._control)
        return moments(map(self._scaled, targets)).variance

    @property
    def _state_key(self) -> str:
        return self._control.state.key

    def _tensor(self, values: NDArray[np.generic]) -> Tensor:
        return on_device(values, self.device)
