"""Whether different targets get different motions, all along the motion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.core.episode import Point
from ilsweep.trainers.data.action_units import differences
from ilsweep.trainers.data.dataset import Demonstrations, Domain, Float, Int, evenly_spaced
from ilsweep.trainers.data.features import ControlMode
from ilsweep.trainers.evaluation.probes import Double, Policy, Sample

EPISODES = 64
PHASES = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75)
"""Shares of a motion; later ones are left out, where chunks reach beyond its end."""
PLACES = 20
"""Shares of an executed path at which paths are compared."""
FEWEST = 4
"""Paths on either side from which on their variation is told."""


def diversity(
    policy: Policy,
    data: Demonstrations,
    length: int,
    control: ControlMode,
    *,
    from_state: bool = False,
) -> Metrics:
    """`probe/diversity_ratio`: variation of the predicted motion over targets, over the shown one.

    At each phase the episodes are seen with the robot's state of one of them, so that only what the
    cameras (or the world's state) show tells the targets. The variance over episodes of predicted
    actions is summed over phases, steps and standardised dimensions; so is that of the shown ones;
    the root of their ratio. A phase in which all demonstrations do the same weighs nothing. With
    `from_state` the policy's actions begin in the state (relative and delta actions), and the shown
    ones are compared as if they had begun in one, too.

    0 is the same motion for all; what cannot be foreseen keeps a good policy below 1.
    """
    episodes = evenly_spaced(np.arange(len(data.source.episode_starts) - 1), EPISODES)
    predicted, shown = 0.0, 0.0
    for phase in PHASES:
        frames = frames_at(data.source, episodes, phase)
        sample = Sample.of(data, data.source, frames, length, control)
        actions = policy.predict(_same_state(sample.observation, control.state.key))
        predicted += _variance(actions, sample)
        own = _from_state(sample, control) if from_state else sample.actions
        shown += _variance(own, sample)
    return {"probe/diversity_ratio": float(np.sqrt(predicted / max(shown, 1e-12)))}


def path_diversity(
    executed: Sequence[Sequence[Point]], shown: Sequence[Sequence[Point]]
) -> Metrics:
    """`probe/path_diversity`: variation of executed paths over episodes, over the shown one.

    Of positions in m at equal shares of the frames; the root of the ratio of variances, summed over
    shares and axes. Nothing for fewer than `FEWEST` paths.
    """
    if min(len(executed), len(shown)) < FEWEST:
        return {}
    mine, theirs = (float(_resampled(paths).var(axis=0).sum()) for paths in (executed, shown))
    return {"probe/path_diversity": float(np.sqrt(mine / max(theirs, 1e-12)))}


def _resampled(paths: Sequence[Sequence[Point]]) -> Double:
    """Paths (E, PLACES, D) by linear interpolation."""
    shares = np.linspace(0, 1, PLACES)
    return np.array(
        [
            [np.interp(shares, np.linspace(0, 1, len(path)), axis) for axis in np.array(path).T]
            for path in paths
        ]
    ).swapaxes(1, 2)


def frames_at(domain: Domain, episodes: Int, phase: float) -> Int:
    """The frame of each episode that is nearest to a share of the motion."""
    wanted = phase * float(domain.phase.max())
    bounds = [domain.episode_starts[episode : episode + 2] for episode in episodes]
    nearest = [start + np.abs(domain.phase[start:stop] - wanted).argmin() for start, stop in bounds]
    return np.array(nearest, dtype=np.int64)


def _same_state(observation: Observation, key: str) -> Observation:
    """All with the state (of B) that is nearest to the mean of all."""
    states = observation[key]
    scale = np.maximum(states.std(axis=0), 1e-6)
    middle = np.square((states - states.mean(axis=0)) / scale).sum(axis=-1).argmin()
    return {**observation, key: np.broadcast_to(states[middle], states.shape).copy()}


def _from_state(sample: Sample, control: ControlMode) -> Float:
    """The shown actions (B, T, A) minus the states that they began in."""
    moved = differences(control.action, sample.actions.shape[-1])
    return sample.actions - np.where(moved, sample.observation[control.state.key], 0)[:, None]


def _variance(actions: Float, sample: Sample) -> float:
    """Variance over samples of actions (B, T, A), where they were shown, summed over T and A."""
    standard = (actions / sample.action_std).astype(np.float64)
    there = ~sample.pad
    steps = there.sum(axis=0) > 1
    return float(np.var(standard[:, steps], axis=0, where=there[:, steps, None]).sum())
