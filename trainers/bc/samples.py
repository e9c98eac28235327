"""Training transitions on the device, and which of them a batch holds.

Shapes: N training transitions, B samples, A action dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ilsweep.trainers.bc.config import Sampling
from ilsweep.trainers.data.dataset import Demonstrations, Float, Int
from ilsweep.trainers.nets.config import ImageNorm
from ilsweep.trainers.nets.device import on_device
from ilsweep.trainers.nets.preprocessing import Inputs, Preprocessor

Double = NDArray[np.float64]

UNIFORM_SHARE = 0.1
"""Part of the draws by error that is uniform after all, so that no sample is forgotten and no
weight exceeds 10."""


class TransitionTable:
    """Observations and actions of the N transitions, standardised.

    Those without images are encoded once: looking them up anew took a tenth of a step.
    """

    def __init__(
        self, data: Demonstrations, preprocessor: Preprocessor, frames: Int, image_norm: ImageNorm
    ) -> None:
        self._data, self._preprocessor, self._frames = data, preprocessor, frames
        self._norm: ImageNorm = image_norm
        self.actions: Tensor = preprocessor.chunks(data.source, frames, 1).actions[:, 0]
        """(N, A)"""
        self._inputs = None if preprocessor.cameras else self._encode(frames)

    def rows(self, rows: Int) -> tuple[Inputs, Tensor]:
        """The inputs and the actions (B, A) of some transitions (B,)."""
        index = on_device(rows, self.actions.device)
        if self._inputs is None:
            return self._encode(self._frames[rows]), self.actions[index]
        state, env = self._inputs.state, self._inputs.env_state
        seen = Inputs(state[index], None if env is None else env[index], None)
        return seen, self.actions[index]

    def _encode(self, frames: Int) -> Inputs:
        return self._preprocessor.inputs(self._data.observe(self._data.source, frames), self._norm)


@dataclass(frozen=True)
class BatchDraw:
    """What a batch holds."""

    rows: Int
    """(B,) numbers of transitions, 0 to N - 1; some may stand more than once."""
    weights: Float | None
    """(B,) what each sample's loss is multiplied by; None for one each."""


class Sampler:
    """Draws transitions: uniformly, or by their error.

    Uniformly with replacement as HIL-SERL does, or each at most once a batch (`distinct`); by their
    error with replacement.

    By error: p = (1 - u) e / sum(e) + u / N with u = `UNIFORM_SHARE`, and the weight 1 / (N p) that
    keeps the expected loss what it is under uniform draws (importance sampling, as Schaul et al.
    2016, arXiv 1511.05952, section 3.4, with both exponents 1 and without their scaling by the
    largest weight).
    """

    def __init__(self, size: int, kind: Sampling) -> None:
        self.size = size
        self.kind: Sampling = kind
        self.errors: Double = np.ones(size)
        """(N,) the error of each transition when it was last drawn."""
        self.visits: Int = np.zeros(size, dtype=np.int64)
        """(N,) how often each was drawn."""

    @property
    def probabilities(self) -> Double:
        """(N,) of the next draw."""
        total = self.errors.sum()
        shares = self.errors / total if total > 0 else np.full(self.size, 1 / self.size)
        return (1 - UNIFORM_SHARE) * shares + UNIFORM_SHARE / self.size

    def draw(self, rng: np.random.Generator, batch: int) -> BatchDraw:
        """The next B samples.

        Raises:
            ValueError: more distinct transitions are asked for than there are.
        """
        if self.kind == "uniform":
            return BatchDraw(rng.integers(self.size, size=batch), None)
        if self.kind == "distinct":
            if batch > self.size:
                raise ValueError(
                    f"sampling: distinct needs a batch of 1..{self.size}, the number of training "
                    f"transitions, got {batch}"
                )
            return BatchDraw(rng.permutation(self.size)[:batch], None)
        p = self.probabilities
        rows = rng.choice(self.size, size=batch, p=p)
        return BatchDraw(rows, (1 / (self.size * p[rows])).astype(np.float32))

    def note(self, rows: Int, errors: Tensor) -> None:
        """That these transitions (B,) were drawn, and their errors (B,)."""
        self.visits += np.bincount(rows, minlength=self.size)
        if self.kind == "error":
            self.errors[rows] = errors.detach().cpu().numpy()

    def state_dict(self) -> dict[str, Tensor]:
        """Errors and visits, copied."""
        return {
            "errors": torch.from_numpy(self.errors.copy()),
            "visits": torch.from_numpy(self.visits.copy()),
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """The inverse of `state_dict`."""
        self.errors = state["errors"].numpy().copy()
        self.visits = state["visits"].numpy().copy()
