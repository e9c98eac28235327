"""What a policy predicts on frames of its demonstrations, as plain data for pictures.

Shapes: B frames, T steps of a chunk, A numbers of an action, P numbers of a position.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.data.dataset import Demonstrations, Domain, Float, Int
from ilsweep.trainers.data.features import ControlMode, Group
from ilsweep.trainers.evaluation.diversity import frames_at
from ilsweep.trainers.evaluation.probes import Policy, Sample

EPISODES = 12
"""Demonstrations on whose frames the policy is tried, the first of those that it learnt from."""
PHASES = (0.0, 0.25, 0.5, 0.75)
"""Shares of a motion at which it is."""
POINTS = 12
"""Most positions of a predicted path."""
QUANTILES = (0.0, 0.05, 0.95, 1.0)
NUMBERS = 64
"""Most numbers of an action whose range is kept."""

Double = NDArray[np.float64]


def predictions(
    policy: Policy, data: Demonstrations, length: int, control: ControlMode
) -> dict[str, Any]:
    """Predicted paths of the end effector, and predicted actions against the demonstrated ones.

    - `paths`: [{seed, frame, points}], from a demonstrated frame on; nothing where actions say no
      positions.
    - `actions`: [{name, unit, shown, predicted}], `QUANTILES` of each number.
    """
    source = data.source
    episodes = source.train_episodes[:EPISODES]
    frames = np.concatenate([frames_at(source, episodes, phase) for phase in PHASES])
    sample = Sample.of(data, source, frames, length, control)
    predicted = policy.predict(sample.observation)
    shown = source.vector(control.action.key)[source.train_frames]
    return {
        "paths": list(_paths(source, control, np.tile(episodes, len(PHASES)), frames, predicted)),
        "actions": list(_ranges(control, shown, predicted.reshape(-1, predicted.shape[-1]))),
    }


def _ranges(control: ControlMode, shown: Float, predicted: Float) -> Iterator[dict[str, Any]]:
    names = control.action.names or [str(i) for i in range(shown.shape[1])]
    units = {i: g.unit for g in control.action.groups for i in range(g.start, g.stop)}
    for i, name in enumerate(names[:NUMBERS]):
        yield {
            "name": name,
            "unit": units.get(i, ""),
            "shown": _rounded(np.quantile(shown[:, i], QUANTILES)),
            "predicted": _rounded(np.quantile(predicted[:, i], QUANTILES)),
        }


def _paths(
    domain: Domain, control: ControlMode, episodes: Int, frames: Int, predicted: Float
) -> Iterator[dict[str, Any]]:
    place, moved = _position(control.state.groups), _position(control.action.groups)
    if place is None or moved is None or place.name != moved.name:
        return
    positions = domain.vector(control.state.key)[:, place.slice].astype(np.float64)
    actions = predicted[..., moved.slice].astype(np.float64)
    if moved.unit == place.unit:
        ahead = actions
    else:
        steps = actions * _per_action(domain, control, positions, moved)
        ahead = positions[frames][:, None] + steps.cumsum(axis=1)
    paths = np.concatenate([positions[frames][:, None], ahead], axis=1)
    chosen = np.linspace(0, paths.shape[1] - 1, min(POINTS, paths.shape[1])).round().astype(int)
    for episode, frame, path in zip(episodes, frames, paths, strict=True):
        yield {
            "seed": int(episode if domain.seeds is None else domain.seeds[episode]),
            "frame": int(frame - domain.episode_starts[episode]),
            "points": [_rounded(point) for point in path[chosen]],
        }


def _per_action(domain: Domain, control: ControlMode, positions: Double, moved: Group) -> Double:
    """What the position (P,) changes by in one step for an action of 1, in the demonstrations.

    By least squares through the origin, each number by itself.
    """
    frames = domain.train_frames
    last = np.isin(frames + 1, domain.episode_starts)
    frames = frames[~last]
    actions = domain.vector(control.action.key)[frames, moved.slice].astype(np.float64)
    change = positions[frames + 1] - positions[frames]
    weight = np.square(actions).sum(axis=0)
    slope: Double = (actions * change).sum(axis=0) / np.maximum(weight, 1e-12)
    return slope


def _position(groups: Sequence[Group]) -> Group | None:
    return next((group for group in groups if group.kind == "position"), None)


def _rounded(values: Double) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def share_of(domain: Domain, frames: Int) -> Double:
    """How far in its episode each frame is, 0 to 1."""
    episodes = domain.episode_of(frames)
    starts, ends = domain.episode_starts[episodes], domain.episode_starts[episodes + 1]
    share: Double = (frames - starts) / np.maximum(ends - starts - 1, 1)
    return share


def plan_by_phase(
    plans: Sequence[tuple[Double, Double, Double]], bins: int = 16
) -> list[list[float]]:
    """Mean transported mass (bins, bins) by where in its episode the frame of either domain lies.

    Args:
        plans: Plan (B, B), and shares of their episodes of its rows and of its columns, 0 to 1.
    """
    mass = np.zeros((bins, bins))
    for matrix, rows, columns in plans:
        row, column = (np.minimum((p * bins).astype(int), bins - 1) for p in (rows, columns))
        np.add.at(mass, (row[:, None], column[None]), matrix)
    return [_rounded(row) for row in mass / max(1, len(plans))]
