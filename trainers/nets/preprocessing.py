"""From demonstrations, in numpy and physical units, to what a net sees, and back.

Shapes: B frames, C cameras, T steps of a chunk, S state, K object-pose, A action dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.dataset import Demonstrations, Domain, Int, Statistics, cameras_of, chunk
from ilsweep.trainers.data.features import ENVIRONMENT, IMAGES, ControlMode
from ilsweep.trainers.nets.action_representation import ActionEncoding
from ilsweep.trainers.nets.config import ActionRepresentation, ImageNorm
from ilsweep.trainers.nets.device import on_device

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Of RGB in 0..1 over ImageNet, as torchvision's weights expect."""


@dataclass(frozen=True)
class Inputs:
    """One batch of observations, standardised, on the device."""

    state: Tensor
    """(B, S)"""
    env_state: Tensor | None
    """(B, K), where the state of the world is observed."""
    images: Tensor | None
    """(B, C, 3, H, W), where images are observed."""


@dataclass(frozen=True)
class Chunks:
    """The action chunks that belong to a batch of observations."""

    actions: Tensor
    """(B, T, A), as they are represented, standardised."""
    pad: Tensor
    """(B, T), true after the episode's end."""


@dataclass(frozen=True)
class Batch:
    """What one optimiser step sees of one domain."""

    inputs: Inputs
    chunks: Chunks


def stack(first: Inputs, second: Inputs) -> Inputs:
    """Two batches of observations as one."""
    return Inputs(
        torch.cat((first.state, second.state)),
        _stack(first.env_state, second.env_state),
        _stack(first.images, second.images),
    )


def _stack(first: Tensor | None, second: Tensor | None) -> Tensor | None:
    return None if first is None or second is None else torch.cat((first, second))


class Preprocessor:
    """Standardises with the statistics of the source's training frames, and undoes it.

    Actions first become what the net is to predict of them, in chunks of `length`.
    """

    def __init__(
        self,
        data: Demonstrations,
        control: ControlMode,
        device: str,
        representation: ActionRepresentation = "absolute",
        length: int = 1,
    ) -> None:
        self.control = control
        self.device = torch.device(device)
        self._encoding = ActionEncoding.of(representation, data, control, device)
        self.targets: Statistics = self._encoding.statistics(data, length, control)
        """Of what the net is to predict, before it is standardised, (A,)."""
        self._state = _Standardizer(data.statistics(control.state.key), self.device)
        self._action = _Standardizer(self.targets, self.device)
        self._env = None
        if ENVIRONMENT in data.observed:
            self._env = _Standardizer(data.statistics(ENVIRONMENT), self.device)
        self.cameras: tuple[str, ...] = tuple(
            key.removeprefix(IMAGES) for key in cameras_of(data.observed)
        )
        """Their names."""

    @property
    def state_dim(self) -> int:
        """Numbers of the state."""
        return self._state.dim

    @property
    def action_dim(self) -> int:
        """Numbers of an action."""
        return self._action.dim

    @property
    def env_dim(self) -> int:
        """Numbers of the state of the world; 0 where it is not observed."""
        return 0 if self._env is None else self._env.dim

    def inputs(self, observation: Observation, norm: ImageNorm) -> Inputs:
        """Observations of B frames as tensors on the device."""
        state = observation[self.control.state.key]
        env = (
            None if self._env is None else self._env.encode(self._tensor(observation[ENVIRONMENT]))
        )
        images = None
        if self.cameras:
            cameras = [self._tensor(observation[IMAGES + name]) for name in self.cameras]
            images = normalise_images(torch.stack(cameras, dim=1), norm)
        return Inputs(self._state.encode(self._tensor(state)), env, images)

    def chunks(self, domain: Domain, frames: Int, length: int) -> Chunks:
        """The next `length` actions from each of B frames."""
        actions, pad = chunk(domain, frames, length, self.control.action.key)
        state = self._tensor(domain[self.control.state.key][frames])
        encoded = self._encoding.encode(self._tensor(actions), state)
        return Chunks(self._action.encode(encoded), self._tensor(pad))

    def round_trip(self, domain: Domain, episode: int, length: int) -> NDArray[np.float32]:
        """The actions (T, A) of an episode, cut into chunks, encoded and decoded."""
        frames = domain.frames_of(np.array([episode]))[::length]
        chunks = self.chunks(domain, frames, length)
        back = self.physical(chunks.actions, self.states(domain, frames))[~chunks.pad]
        return np.asarray(back.cpu().numpy(), np.float32)

    def states(self, domain: Domain, frames: Int) -> Tensor:
        """The robot's own states at B frames, standardised, (B, S)."""
        return self._state.encode(self._tensor(domain[self.control.state.key][frames]))

    def physical(self, actions: Tensor, state: Tensor) -> Tensor:
        """What the net predicts of actions (B, T, A), as they were recorded, in their units.

        `state` (B, S), standardised, is where the chunks begin.
        """
        return self._encoding.decode(self._action.decode(actions), self._state.decode(state))

    def _tensor(self, values: NDArray[np.generic]) -> Tensor:
        return on_device(values, self.device)


def normalise_images(pixels: Tensor, norm: ImageNorm) -> Tensor:
    """(..., H, W, 3) of 0..255 to (..., 3, H, W): by ImageNet's moments, to 0..1, or unchanged.

    In place and by whole rows, which takes a third of the time of pixel by pixel.
    """
    width = pixels.shape[-2]
    rows = pixels.flatten(-2).to(torch.float32, copy=True)  # (..., H, W 3)
    if norm != "none":
        rows.div_(255.0)
    if norm == "imagenet":
        mean, std = (_row(each, width, rows.device) for each in (IMAGENET_MEAN, IMAGENET_STD))
        rows.sub_(mean).div_(std)
    images: Tensor = rows.unflatten(-1, (width, 3)).movedim(-1, -3)
    return images


@cache
def _row(values: tuple[float, ...], width: int, device: torch.device) -> Tensor:
    """A number a channel for each pixel of a row, (W 3,)."""
    with torch.inference_mode(False):  # made once, also for training
        return torch.tensor(values, device=device).repeat(width)


class _Standardizer:
    """x -> (x - mean) / std and back, over the last axis."""

    def __init__(self, statistics: Statistics, device: torch.device) -> None:
        self.dim = int(statistics.mean.size)
        self._mean = torch.from_numpy(statistics.mean).to(device)
        self._std = torch.from_numpy(statistics.std).to(device)

    def encode(self, values: Tensor) -> Tensor:
        return (values - self._mean) / self._std

    def decode(self, values: Tensor) -> Tensor:
        return values * self._std + self._mean
