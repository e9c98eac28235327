"""A Gaussian actor at test time: observations in numpy, actions in physical units.

Shapes: B frames, A action dimensions.
"""

from __future__ import annotations

from torch import Tensor

from ilsweep.trainers.bc.network import GaussianActor
from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.dataset import Float
from ilsweep.trainers.nets.inference import NetPolicy
from ilsweep.trainers.nets.preprocessing import Inputs, Preprocessor


class GaussianPolicy(NetPolicy[GaussianActor, Preprocessor]):
    """The mode of an actor, as a chunk of one action."""

    def predict(self, observation: Observation) -> Float:
        """The next actions (B, 1, A)."""

        def mode(inputs: Inputs) -> Tensor:
            return self._preprocessor.physical(self.net(inputs).mode()[:, None], inputs.state)

        return self._answers(mode, observation)

    def nll(self, observation: Observation, actions: Tensor) -> Float:
        """Negative log-likelihood (B,) of standardised actions (B, A), nats."""

        def terms(inputs: Inputs, wanted: Tensor) -> Tensor:
            nll: Tensor = self.net(inputs).terms(wanted).nll
            return nll

        return self._answers_with(terms, observation, actions)

    def features(self, observation: Observation) -> Float:
        """The backbone's maps, flattened: (B, cameras * channels * h * w)."""
        assert self.net.vision is not None
        return self._maps(self.net.vision.features, observation)
