"""ACT at test time: observations in numpy, actions in physical units.

Shapes: B frames, T steps of a chunk, A action dimensions, Z latent dimensions, D channels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ilsweep.trainers.act.network import ACTNet
from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.dataset import Domain, Float, Int
from ilsweep.trainers.nets.inference import NetPolicy, inference, joined
from ilsweep.trainers.nets.preprocessing import Inputs, Preprocessor


class ACTPolicy(NetPolicy[ACTNet, Preprocessor]):
    """What a net does, with the latent of test time."""

    def predict(self, observation: Observation) -> Float:
        """The next actions (B, T, A)."""

        def actions(inputs: Inputs) -> Tensor:
            encoded = self.net.observe(inputs)
            made = self.net(encoded, self.net.prior_latent(encoded))
            return self._preprocessor.physical(made, inputs.state)

        return self._answers(actions, observation)

    def reconstruct(self, domain: Domain, observation: Observation, frames: Int) -> Float:
        """The next actions (B, T, A), with the mean of the posterior that sees the shown ones."""
        means = torch.from_numpy(self.posterior_means(domain, observation, frames))

        def actions(inputs: Inputs, latent: Tensor) -> Tensor:
            made = self.net(self.net.observe(inputs), latent.to(inputs.state))
            return self._preprocessor.physical(made, inputs.state)

        return self._answers_with(actions, observation, means)

    def posterior_means(self, domain: Domain, observation: Observation, frames: Int) -> Float:
        """Means of the latent (B, Z) given the state and the action chunks shown at B frames."""
        chunks = self._preprocessor.chunks(domain, frames, self.net.queries.shape[0])
        with inference(self.net):
            mean, _ = self.net.style(
                self._preprocessor.inputs(observation, self._norm).state, chunks
            )
            return joined([mean])

    def features(self, observation: Observation) -> Float:
        """The backbone's maps, flattened: (B, cameras * channels * h * w)."""
        return self._maps(self.net.features, observation)

    def embeddings(self, observation: Observation) -> dict[str, Float]:
        """What the transport compares, by name, (B, D) each; see `ACTNet.embed`."""
        with inference(self.net):
            parts = [
                self.net.embed(self.net.observe(inputs)) for inputs in self._batches(observation)
            ]
            return {name: joined([part[name] for part in parts]) for name in parts[0]}
