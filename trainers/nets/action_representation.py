"""What the net predicts of an action: itself, or its difference to a state or to another action.

Actions of a chunk a_0 ... a_{T-1} that begins in the state s: `relative` is a_k - s (UMI, arXiv
2402.10329, PD2.1; LeRobot's `relative_actions`, openpi's `DeltaActions`), `delta` is a_0 - s, then
a_k - a_{k-1}. Grippers stay as they are, as in UMI and openpi, and so do rotations, whose numbers
have no differences: UMI turns everything into the gripper's frame, which joints do not have.

Shapes: B chunks, T steps, A action dimensions, M valid actions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ilsweep.trainers.data.action_units import differences, no_states
from ilsweep.trainers.data.dataset import (
    STD_FLOOR,
    Demonstrations,
    Domain,
    Float,
    Int,
    Statistics,
    chunk,
)
from ilsweep.trainers.data.features import ControlMode
from ilsweep.trainers.nets.config import ActionRepresentation, needs_states

_ROWS = 4096
"""Chunks that are encoded at once."""


@dataclass(frozen=True)
class ActionEncoding:
    """The way from recorded actions to what the net predicts, and back."""

    kind: ActionRepresentation
    moved: Tensor
    """(A,) which numbers become differences."""

    @classmethod
    def of(
        cls, kind: ActionRepresentation, data: Demonstrations, control: ControlMode, device: str
    ) -> Self:
        """Of the actions of a control mode.

        Raises:
            ValueError: they are no states to reach, so that a difference means nothing.
        """
        width = data.source[control.action.key].shape[1]
        if kind != "absolute" and (why := no_states(data, control)):
            raise ValueError(f"action_representation: {needs_states(kind, why)}")
        moved = torch.from_numpy(differences(control.action, width))
        return cls(kind, moved.to(device))

    def encode(self, actions: Tensor, state: Tensor) -> Tensor:
        """Recorded actions (B, T, A) of chunks that begin in states (B, A)."""
        if self.kind == "absolute":
            return actions
        before = state.unsqueeze(1)
        if self.kind == "delta":
            before = torch.cat((before, actions[:, :-1]), dim=1)
        return torch.where(self.moved, actions - before, actions)

    def decode(self, encoded: Tensor, state: Tensor) -> Tensor:
        """The inverse of `encode`."""
        if self.kind == "absolute":
            return encoded
        change = encoded.cumsum(dim=1) if self.kind == "delta" else encoded
        return torch.where(self.moved, change + state.unsqueeze(1), encoded)

    def targets(self, domain: Domain, frames: Int, length: int, control: ControlMode) -> Iterator[
        Float
    ]:  # fmt: skip
        """All that the net is to predict from some frames, (M, A) at a time.

        What follows the end of an episode is left out; of `absolute` each action comes once.
        """
        if self.kind == "absolute":
            yield domain.vector(control.action.key)[frames]
            return
        states = domain.vector(control.state.key)
        for start in range(0, frames.size, _ROWS):
            rows = frames[start : start + _ROWS]
            actions, pad = chunk(domain, rows, length, control.action.key)
            state = torch.from_numpy(states[rows]).to(self.moved.device)
            made = self.encode(torch.from_numpy(actions).to(self.moved.device), state)
            yield made.cpu().numpy()[~pad]

    def statistics(self, data: Demonstrations, length: int, control: ControlMode) -> Statistics:
        """Of all that the net is to predict in training; a deviation is at least `floor`."""
        if self.kind == "absolute":
            return data.statistics(control.action.key)
        found = moments(self.targets(data.source, data.source.train_frames, length, control))
        std = np.maximum(np.sqrt(found.variance), self.floor(data, control))
        return Statistics(
            mean=found.mean.astype(np.float32),
            std=std.astype(np.float32),
            min=found.low,
            max=found.high,
        )

    def floor(self, data: Demonstrations, control: ControlMode) -> Float:
        """The smallest deviation (A,) that is divided by.

        `STD_FLOOR`; of a difference, which may be small, that share of the action's own.
        """
        floor = np.full(self.moved.numel(), STD_FLOOR, np.float32)
        if self.kind != "absolute":
            moved = self.moved.cpu().numpy()
            floor[moved] *= data.statistics(control.action.key).std[moved]
        return floor


class Moments(NamedTuple):
    """Of the numbers of many rows, each (D,)."""

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    low: Float
    high: Float


def moments(parts: Iterable[Float]) -> Moments:
    """Over all rows of parts (M, D), of which there is one, joined pairwise (Chan et al. 1979)."""
    count, mean, square, low, high = 0, 0.0, 0.0, np.inf, -np.inf
    for part in parts:
        more = len(part)
        offset = part.mean(axis=0, dtype=np.float64) - mean
        square = square + part.var(axis=0, dtype=np.float64) * more
        square = square + np.square(offset) * count * more / (count + more)
        mean = mean + offset * more / (count + more)
        low, high = np.minimum(low, part.min(axis=0)), np.maximum(high, part.max(axis=0))
        count += more
    return Moments(np.asarray(mean), np.asarray(square / count), np.asarray(low), np.asarray(high))
