"""What behaviour cloning is probed for after training.

Shared questions are in `evaluation/probes.py`.

Shapes: N training transitions, S steps trained, A action dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ilsweep.trainers.bc.config import WINDOW, BCConfig
from ilsweep.trainers.bc.network import GaussianActor
from ilsweep.trainers.bc.policy import GaussianPolicy
from ilsweep.trainers.bc.samples import Sampler
from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.evaluation import probes
from ilsweep.trainers.evaluation.rollout import replay
from ilsweep.trainers.evaluation.success import rerun_metrics
from ilsweep.trainers.training.supervised import SupervisedTrainer

Double = NDArray[np.float64]
Trained = SupervisedTrainer[BCConfig, GaussianActor, Any]


def probe_bc(
    trainer: Trained, policy: GaussianPolicy, sampler: Sampler, history: Sequence[Tensor]
) -> Metrics:
    """Errors on the same quantity in training and held out, coverage, jumps, replay, vision."""
    data, test = trainer.data, trainer.held_out()
    train = probes.Sample.spaced(data, data.source, trainer.frames, 1, trainer.control)
    predicted = policy.predict(test.observation)
    found = {
        "probe/transitions": float(trainer.frames.size),
        "probe/train_error": train.error(policy.predict(train.observation)),
        "probe/test_error": test.error(predicted),
        **coverage(sampler),
        **jumps(torch.stack([*history]).double().cpu().numpy() if history else None),
        **probes.joints(policy, test, predicted),
        **probes.vision(policy, test, predicted),
    }
    if trainer.net.vision is not None:
        features, untrained = policy.features(test.observation), trainer.new_net(trainer.first_seed)
        found |= probes.backbone(features, trainer.net, untrained)
    if trainer.config.replays:
        found |= reproduction(trainer, policy)
    return found


def coverage(sampler: Sampler) -> Metrics:
    """How evenly batches cover the N transitions.

    - `probe/epoch_coverage`: share met in N draws of the sampler as it is now; 1 - 1/e for uniform
      ones, since they are with replacement.
    - `probe/visits_min`, `probe/visits_max`: draws in the whole training of the transition that was
      drawn least and most, over the mean.
    """
    met = sampler.draw(np.random.default_rng(0), sampler.size).rows
    mean = max(float(sampler.visits.mean()), 1.0)
    return {
        "probe/epoch_coverage": np.unique(met).size / sampler.size,
        "probe/visits_min": float(sampler.visits.min()) / mean,
        "probe/visits_max": float(sampler.visits.max()) / mean,
    }


def jumps(history: Double | None) -> Metrics:
    """Jumps of the loss that the error does not share, over the second half of the training.

    `history` (S, 2) holds the loss in nats and the normalised squared error of each step. A step's
    rise is taken over the median of the `WINDOW` steps before it, so that a trend is none. Nothing
    before there are two windows.

    - `probe/loss_jump`: the largest rise of the loss, nats.
    - `probe/loss_jump_error`: the relative rise of the error at that step.
    """
    if history is None or len(history) < 2 * WINDOW:
        return {}
    windows = np.lib.stride_tricks.sliding_window_view(history[:-1], WINDOW, axis=0)
    levels = np.median(windows, axis=-1)  # (S - WINDOW, 2)
    rises = history[WINDOW:] - levels
    late = slice(max(0, len(history) // 2 - WINDOW), None)
    at = int(np.argmax(rises[late, 0]))
    error = rises[late, 1][at] / max(levels[late, 1][at], 1e-12)
    return {"probe/loss_jump": float(rises[late, 0][at]), "probe/loss_jump_error": float(error)}


def reproduction(trainer: Trained, policy: GaussianPolicy) -> Metrics:
    """The training demonstrations once more, in their environment (`bc-loss-jump.md`, conclusion).

    - `probe/replay_reward`, `probe/replay_pc_success`: what the policy says of the recorded
      observations, executed open-loop from where the demonstration began, with the noise that was
      added when it was recorded; mean highest reward and successes (0 to 100).
    - `rerun_metrics` of the policy itself, from there.
    """
    domain, world = trainer.data.source, trainer.data.environment
    if world is None or domain.seeds is None:
        raise ValueError(f"replays: the data have no environment, got {trainer.config.replays}")
    episodes = domain.train_episodes[: trainer.config.replays]
    ended = []
    with closing(world.make(trainer.control.name, domain.name)) as environment:
        for episode in episodes:
            frames = domain.frames_of(episodes[episodes == episode])
            actions = policy.predict(trainer.data.observe(domain, frames))[:, 0]
            ended.append(replay(actions, world, environment, int(domain.seeds[episode])))
    rewards = [max(step.reward for step in steps) for steps in ended]
    successes = [any(step.success for step in steps) for steps in ended]
    return {
        "probe/replay_reward": float(np.mean(rewards)),
        "probe/replay_pc_success": float(100 * np.mean(successes)),
        **rerun_metrics(trainer.roll_out(domain.seeds[episodes].tolist(), policy)),
    }
