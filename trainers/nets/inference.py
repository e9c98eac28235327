"""Nets at test time: observations in numpy go through a net in batches, actions come back.

Shapes: B frames, T steps of a chunk, A action dimensions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.dataset import Float, batch_size, rows_of
from ilsweep.trainers.nets.config import ImageNorm
from ilsweep.trainers.nets.preprocessing import Inputs

BATCH = 64
"""Frames that go through the net at once."""

Net = TypeVar("Net", bound=nn.Module)
Inner = TypeVar("Inner", bound="Preprocesses")


class Preprocesses(Protocol):
    """What makes a net's inputs of observations."""

    def inputs(self, observation: Observation, norm: ImageNorm) -> Inputs:
        """Observations of B frames as tensors on the device."""
        ...


@contextmanager
def inference(net: nn.Module) -> Iterator[None]:
    """Within it no gradient is recorded and nothing is dropped; training goes on as it was.

    To enter it again costs little, so that a whole episode may be run within it.
    """
    training = net.training
    if training:
        net.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        if training:
            net.train()


class NetPolicy(ABC, Generic[Net, Inner]):
    """What a net does with its present weights, whatever is still to come of its training."""

    def __init__(self, net: Net, preprocessor: Inner, image_norm: ImageNorm) -> None:
        self.net = net
        self._preprocessor = preprocessor
        self._norm: ImageNorm = image_norm

    @abstractmethod
    def predict(self, observation: Observation) -> Float:
        """The next actions (B, T, A), in physical units."""

    def predict_chunk(self, observation: Observation) -> Float:
        """The next actions (T, A) for one observation (B = 1)."""
        actions: Float = self.predict(observation)[0]
        return actions

    def _batches(self, observation: Observation) -> Iterator[Inputs]:
        for start in range(0, batch_size(observation), BATCH):
            rows = rows_of(observation, slice(start, start + BATCH))
            yield self._preprocessor.inputs(rows, self._norm)

    def _answers(self, ask: Callable[[Inputs], Tensor], observation: Observation) -> Float:
        """What the net answers for the observations, batch by batch, joined: (B, ...)."""
        with inference(self.net):
            return joined([ask(inputs) for inputs in self._batches(observation)])

    def _answers_with(
        self, ask: Callable[[Inputs, Tensor], Tensor], observation: Observation, more: Tensor
    ) -> Float:
        """The same, where something else of B rows goes in with the observations."""
        with inference(self.net):
            pairs = zip(self._batches(observation), torch.split(more, BATCH), strict=True)
            return joined([ask(inputs, rows) for inputs, rows in pairs])

    def _maps(self, backbone: Callable[[Tensor], Tensor], observation: Observation) -> Float:
        """The backbone's maps of the images, flattened: (B, cameras * channels * h * w)."""

        def maps(inputs: Inputs) -> Tensor:
            assert inputs.images is not None, "no images are observed"
            return backbone(inputs.images).flatten(1)

        return self._answers(maps, observation)


def joined(parts: list[Tensor]) -> Float:
    """Batches as one array."""
    whole: Float = torch.cat(parts).cpu().numpy()
    return whole
