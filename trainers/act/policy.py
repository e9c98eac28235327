"""ACT at test time: observations in numpy, actions in physical units.

Shapes: B frames, T steps of a chunk, A action dimensions, Z latent dimensions, D channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ilsweep.trainers.act.network import ACTNet
from ilsweep.trainers.data.dataset import Domain, Float, Int, Observation, batch_size, rows_of
from ilsweep.trainers.nets.preprocessing import Codec, Inputs

if TYPE_CHECKING:
    from ilsweep.trainers.act.trainer import ImageNorm

BATCH = 64
"""Frames that go through the net at once."""


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


class ACTPolicy:
    """What a net does with its present weights, whatever is still to come of its training."""

    def __init__(self, net: ACTNet, codec: Codec, image_norm: ImageNorm) -> None:
        self._net = net
        self._codec = codec
        self._norm: ImageNorm = image_norm

    def predict_chunk(self, observation: Observation) -> Float:
        """The next actions (T, A) for one observation (B = 1)."""
        actions: Float = self.predict(observation)[0]
        return actions

    def predict(self, observation: Observation) -> Float:
        """The next actions (B, T, A), with the latent of test time."""
        with inference(self._net):
            scenes = map(self._net.observe, self._batches(observation))
            return self._physical([self._net(s, self._net.prior_latent(s)) for s in scenes])

    def reconstruct(self, domain: Domain, observation: Observation, frames: Int) -> Float:
        """The next actions (B, T, A), with the mean of the posterior that sees the shown ones."""
        means = torch.from_numpy(self.posterior_means(domain, observation, frames))
        with inference(self._net):
            batches = zip(self._batches(observation), torch.split(means, BATCH), strict=True)
            return self._physical(
                [
                    self._net(self._net.observe(inputs), latent.to(inputs.state))
                    for inputs, latent in batches
                ]
            )

    def posterior_means(self, domain: Domain, observation: Observation, frames: Int) -> Float:
        """Means of the latent (B, Z) given the state and the action chunks shown at B frames."""
        chunks = self._codec.chunks(domain, frames, self._net.queries.shape[0])
        with inference(self._net):
            mean, _ = self._net.style(self._codec.inputs(observation, self._norm).state, chunks)
            return _joined([mean])

    def features(self, observation: Observation) -> Float:
        """The backbone's maps, flattened: (B, cameras * channels * h * w)."""
        with inference(self._net):
            return _joined(
                [
                    self._net.features(inputs.images).flatten(1)
                    for inputs in self._batches(observation)
                    if inputs.images is not None
                ]
            )

    def embeddings(self, observation: Observation) -> dict[str, Float]:
        """What the transport compares, by name, (B, D) each; see `ACTNet.embed`."""
        with inference(self._net):
            parts = [
                self._net.embed(self._net.observe(inputs)) for inputs in self._batches(observation)
            ]
            return {name: _joined([part[name] for part in parts]) for name in parts[0]}

    def _batches(self, observation: Observation) -> Iterator[Inputs]:
        for start in range(0, batch_size(observation), BATCH):
            yield self._codec.inputs(rows_of(observation, slice(start, start + BATCH)), self._norm)

    def _physical(self, parts: list[Tensor]) -> Float:
        return _joined([self._codec.physical(part) for part in parts])


def _joined(parts: list[Tensor]) -> Float:
    joined: Float = torch.cat(parts).cpu().numpy()
    return joined
