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

from ilsweep.trainers.data.dataset import (
    STD_FLOOR,
    Demonstrations,
    Domain,
    Float,
    Int,
    Statistics,
    chunk,
)
from ilsweep.trainers.data.features import ControlMode, Feature
from ilsweep.trainers.nets.config import ActionRepresentation

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
        moved = differences(control.action, width)
        if kind != "absolute":
            _must_be_states(kind, data, control, moved)
        return cls(kind, torch.from_numpy(moved).to(device))

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
        """Of all that the net is to predict in training.

        A standard deviation is at least `STD_FLOOR`; of a difference, at least that share of the
        action's own.
        """
        own = data.statistics(control.action.key)
        if self.kind == "absolute":
            return own
        found = moments(self.targets(data.source, data.source.train_frames, length, control))
        floor = STD_FLOOR * np.where(self.moved.cpu().numpy(), own.std, 1)
        return Statistics(
            mean=found.mean.astype(np.float32),
            std=np.maximum(np.sqrt(found.variance), floor).astype(np.float32),
            min=found.low,
            max=found.high,
        )


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


def differences(action: Feature, width: int) -> NDArray[np.bool_]:
    """Which of the numbers of an action (A,) may be differences: neither grippers nor rotations.

    By their groups, else by their names; where neither is known, all.
    """
    moved = np.ones(width, np.bool_)
    for group in action.groups:
        moved[group.slice] = group.kind in ("joints", "position")
    if not action.groups and len(action.names) == width:
        moved[["gripper" in name.lower() for name in action.names]] = False
    return moved


def _must_be_states(
    kind: str, data: Demonstrations, control: ControlMode, moved: NDArray[np.bool_]
) -> None:
    """Actions have as many numbers as the state, and vary less about it than by themselves."""
    frames, source = data.source.train_frames, data.source
    actions = source.vector(control.action.key)[frames].astype(np.float64)
    states = source.vector(control.state.key)[frames].astype(np.float64)
    rule = f"action_representation: {kind} takes actions that are states to reach"
    if actions.shape != states.shape:
        widths = f"{actions.shape[1]} numbers, and the state has {states.shape[1]}"
        raise ValueError(f"{rule}; they have {widths}; valid: absolute")
    about, own = (actions - states).std(axis=0), actions.std(axis=0)
    for i in np.flatnonzero(moved & (own > STD_FLOOR) & (about > own)):
        seen = f"number {i} varies more about the state ({about[i]:.2g}) than by itself"
        raise ValueError(f"{rule}; {seen} ({own[i]:.2g}, standard deviations); valid: absolute")
